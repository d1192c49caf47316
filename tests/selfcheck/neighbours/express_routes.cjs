// Loaded before an agent (node --require): prints the routes that its Express application really has at the moment
// when it would listen, and ends it before it does. One JSON document: a list of [method, path].
'use strict';
const http = require('node:http');
const net = require('node:net');

const MARK = 'routes-of-this-application:';

let application;
const createServer = http.createServer;
http.createServer = function (...words) {
  application = words.find((word) => typeof word === 'function');
  return createServer.apply(this, words);
};
net.Server.prototype.listen = function () {
  process.stdout.write(`${MARK}${JSON.stringify(routesOf(application._router.stack, ''))}\n`, () => process.exit(0));
  return this;
};

function routesOf(stack, prefix) {
  const found = [];
  for (const layer of stack) {
    if (layer.route) {
      const methods = layer.route.methods._all ? ['ALL'] : Object.keys(layer.route.methods);
      for (const path of [layer.route.path].flat()) {
        found.push(...methods.map((method) => [method.toUpperCase(), joined(prefix, path)]));
      }
    } else if (layer.handle && layer.handle.stack) {
      found.push(...routesOf(layer.handle.stack, prefix + mountPath(layer)));
    }
  }
  return found;
}

// What Express 4 makes of the path of `use`: /^\/mcp\/?(?=\/|$)/i
function mountPath(layer) {
  if (layer.regexp.fast_slash) {
    return '';
  }
  const literal = /^\^((?:\\\/[\w.-]+)+)\\\/\?\(\?=\\\/\|\$\)$/.exec(layer.regexp.source);
  if (!literal) {
    throw new Error(`a mount path that is no plain text: ${layer.regexp.source}`);
  }
  return literal[1].replaceAll('\\', '');
}

function joined(prefix, path) {
  return path === '/' ? prefix || '/' : prefix + path;
}
