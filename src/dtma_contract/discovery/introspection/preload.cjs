// Tells the routes of an Express app as the running process holds them: `node --require ./preload.cjs app.js`.
//
// No port is opened. When nothing is left to run, or nothing was registered for a while after the app listened, or
// the process ends or fails, one line is written to standard output: "DTMA-CONTRACT-ROUTES " and JSON.
//
// Express is not looked for by its name, so that copies of it, bundles and ES modules are seen alike. Routers of
// Express 4 and 5 are functions that are given a property `stack` when they are made, and apps are functions that are
// given `mountpath`, before and while they are mounted. Setters on Function.prototype notice both.
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');

const MARK = 'DTMA-CONTRACT-ROUTES ';
// How long nothing may have been registered after the app listened, where something keeps the process alive.
const QUIET_MILLISECONDS = Number(process.env.DTMA_CONTRACT_QUIET_MS) || 1000;
// How long a process may take that never listens.
const LIMIT_MILLISECONDS = (Number(process.env.DTMA_CONTRACT_LIMIT_SECONDS) || 30) * 1000;
const TICK_MILLISECONDS = 25;
// A handler that answers so many methods was registered for all of them; node knows 35 and more.
const ALL_METHODS = 30;
// What Express 4 puts in front of every app.
const BUILT_IN = new Set(['query', 'expressInit']);

const apps = new Set();
const routers = new Set();
// What a layer was registered with; Express 4 itself keeps only a regular expression of it.
const registered = new WeakMap();
const servers = new Map();
let registrations = 0;
let appBeingMounted = null;
let failure = '';
let told = false;

function notice(name, seen) {
  Object.defineProperty(Function.prototype, name, {
    configurable: true,
    get: () => undefined,
    set(value) {
      Object.defineProperty(this, name, { configurable: true, enumerable: true, writable: true, value });
      seen(this, value);
    },
  });
}

notice('stack', (router, stack) => {
  if (!Array.isArray(stack) || typeof router.use !== 'function' || typeof router.route !== 'function') return;
  routers.add(router);
  wrap(router, 'use', prefixOf);
  wrap(router, 'route', (args) => args[0]);
});

notice('mountpath', (app, first) => {
  if (typeof app.handle !== 'function' || typeof app.set !== 'function') return;
  apps.add(app);
  let mountpath = first;
  Object.defineProperty(app, 'mountpath', {
    configurable: true,
    enumerable: true,
    get: () => mountpath,
    set(value) {
      mountpath = value;
      appBeingMounted = app;
    },
  });
});

function wrap(router, name, pathOf) {
  function wrapped(...args) {
    const app = name === 'use' ? appBeingMounted : null;
    if (name === 'use') appBeingMounted = null;
    const before = this.stack.length;
    const result = Object.getPrototypeOf(router)[name].apply(this, args);
    for (const layer of this.stack.slice(before)) registered.set(layer, { paths: flat(pathOf(args)), app });
    registrations += 1;
    return result;
  }
  Object.defineProperty(router, name, { configurable: true, writable: true, value: wrapped });
}

function flat(value) {
  return Array.isArray(value) ? value.flat(Infinity) : [value];
}

// `use` takes a path first, unless that is a function or a list that begins with one.
function prefixOf(args) {
  let first = args[0];
  while (Array.isArray(first) && first.length !== 0) first = first[0];
  return typeof first === 'function' ? '/' : args[0];
}

// ---- The port that is not opened

const original = {
  address: net.Server.prototype.address,
  close: net.Server.prototype.close,
  listening: Object.getOwnPropertyDescriptor(net.Server.prototype, 'listening'),
};

function portOf(args) {
  const first = args[0] && typeof args[0] === 'object' ? args[0].port : args[0];
  return Number.isInteger(Number(first)) && typeof first !== 'function' ? Number(first) : 0;
}

net.Server.prototype.listen = function listen(...args) {
  const callback = args.filter((arg) => typeof arg === 'function').pop();
  if (callback) this.once('listening', callback);
  if (!servers.size) waitForQuiet();
  servers.set(this, portOf(args));
  setImmediate(() => this.emit('listening'));
  return this;
};

net.Server.prototype.address = function address() {
  if (!servers.has(this)) return original.address.call(this);
  return { address: '127.0.0.1', family: 'IPv4', port: servers.get(this) || 1 };
};

net.Server.prototype.close = function close(callback) {
  if (!servers.has(this)) return original.close.call(this, callback);
  setImmediate(() => {
    if (typeof callback === 'function') callback();
    this.emit('close');
  });
  return this;
};

Object.defineProperty(net.Server.prototype, 'listening', {
  ...original.listening,
  get() {
    return servers.has(this) || original.listening.get.call(this);
  },
});

// ---- When it is told

const timer = { after: setTimeout, now: Date.now.bind(Date) };

function waitForQuiet() {
  let seen = registrations;
  let since = timer.now();
  const look = () => {
    if (seen !== registrations) {
      seen = registrations;
      since = timer.now();
    }
    if (timer.now() - since >= QUIET_MILLISECONDS) end(0);
    else timer.after(look, TICK_MILLISECONDS).unref();
  };
  timer.after(look, TICK_MILLISECONDS).unref();
}

timer.after(() => {
  failure = failure || `nothing listened for ${LIMIT_MILLISECONDS / 1000} s`;
  end(0);
}, LIMIT_MILLISECONDS).unref();

process.on('uncaughtExceptionMonitor', (error) => {
  failure = String((error && error.stack) || error);
});
process.on('beforeExit', () => end(0));
process.on('exit', (code) => tell(code));

// The app's own handlers of `exit` have nothing to clean up, for nothing was opened.
function end(code) {
  if (told) return;
  tell(code);
  process.reallyExit(code);
}

function tell(code) {
  if (told) return;
  told = true;
  let answer;
  try {
    answer = describe(code);
  } catch (error) {
    answer = { routes: [], mounts: [], unmounted: [], error: `the routes could not be read: ${error.stack}` };
  }
  writeWhole(`${MARK}${JSON.stringify(answer)}\n`);
}

function writeWhole(text) {
  let left = Buffer.from(text);
  while (left.length) {
    try {
      left = left.subarray(fs.writeSync(1, left));
    } catch (error) {
      // A pipe that is full; its reader empties it.
      if (error.code !== 'EAGAIN') return;
    }
  }
}

// ---- What is told

function describe(code) {
  const found = { routes: [], mounts: [] };
  const reached = new Set();
  const roots = rootsOfServers();
  const listened = roots.length > 0;
  for (const [root, port] of listened ? roots : loose(reached)) {
    walk(root, { parts: [], before: [], port, out: found, reached, above: new Set() });
  }
  const unmounted = [];
  for (const [root] of loose(reached)) {
    const out = { routes: [], mounts: [] };
    walk(root, { parts: [], before: [], port: 0, out, reached: new Set(), above: new Set() });
    if (out.routes.length) unmounted.push({ kind: apps.has(root) ? 'app' : 'router', routes: out.routes });
  }
  const major = majorOf();
  return {
    express: versionOf(major),
    major,
    listened: servers.size > 0,
    routes: found.routes.map((route, order) => ({ ...route, order })),
    mounts: found.mounts,
    unmounted,
    exit_code: code,
    error: failure,
  };
}

// The apps that answer a server's requests; a handler that is some other function may call any app that nothing mounts.
function rootsOfServers() {
  const roots = new Map();
  for (const [server, port] of servers) {
    const handlers = server.listeners('request').filter((handler) => apps.has(handler) || routers.has(handler));
    for (const handler of handlers) if (!roots.has(handler)) roots.set(handler, port);
  }
  if (!roots.size && servers.size) for (const [root] of loose(new Set())) roots.set(root, [...servers.values()][0]);
  return [...roots];
}

function routerOf(root) {
  if (!apps.has(root)) return root;
  // Express 4 makes an app's router when it is first needed, and its `app.router` throws.
  return typeof root.lazyrouter === 'function' ? root._router : root.router;
}

// Apps and routers that no other one holds, without those in `reached`.
function loose(reached) {
  const held = new Set([...apps].map(routerOf));
  for (const router of routers) {
    for (const layer of router.stack) held.add(targetOf(layer));
  }
  return [...apps, ...routers].filter((root) => !held.has(root) && !reached.has(root)).map((root) => [root, 0]);
}

function targetOf(layer) {
  const known = registered.get(layer);
  if (known && known.app) return known.app;
  return apps.has(layer.handle) || routers.has(layer.handle) ? layer.handle : null;
}

function walk(root, place) {
  const router = routerOf(root);
  place.reached.add(root).add(router);
  if (!router || place.above.has(router)) return;
  const above = new Set(place.above).add(router);
  const before = [...place.before];
  for (const layer of router.stack) {
    for (const part of pathsOf(layer)) {
      const parts = [...place.parts, part];
      const target = targetOf(layer);
      if (layer.route) tellRoute(layer.route, parts, before, place);
      else if (target) {
        place.out.mounts.push({ path: rawOf(parts), parts, kind: apps.has(target) ? 'app' : 'router', at: place.port });
        walk(target, { ...place, parts, before, above });
      } else if (layer.handle.length < 4 && !BUILT_IN.has(nameOf(layer))) {
        before.push({ name: nameOf(layer), prefix: rawOf(parts) });
      }
    }
  }
}

function tellRoute(route, parts, before, place) {
  const raw = rawOf(parts);
  const outer = before.filter(({ prefix }) => prefix === '/' || raw.startsWith(prefix)).map(({ name }) => name);
  const methodOf = methodReader(route.stack);
  for (const method of new Set(route.stack.map(methodOf))) {
    const own = route.stack.filter((layer) => [method, 'ALL'].includes(methodOf(layer))).map(nameOf);
    // Under `app.all` a handler stands once for each method.
    const names = method === 'ALL' ? [...new Set(own)] : own;
    place.out.routes.push({
      method,
      path: raw,
      parts,
      middleware: [...outer, ...names.slice(0, -1)],
      handler: names[names.length - 1],
      port: place.port,
    });
  }
}

// `router.all` makes a layer without a method, `app.all` a layer of the same handler for each method that node knows.
function methodReader(stack) {
  const counts = new Map();
  for (const { handle } of stack) counts.set(handle, (counts.get(handle) || 0) + 1);
  return ({ handle, method }) => (!method || counts.get(handle) >= ALL_METHODS ? 'ALL' : method.toUpperCase());
}

function nameOf(layer) {
  return (layer.handle && layer.handle.name) || '<anonymous>';
}

function pathsOf(layer) {
  const known = registered.get(layer);
  const paths = known ? known.paths : flat(layer.route ? layer.route.path : layer.rawPath || layer.regexp || '/');
  return paths.map((item) => (item instanceof RegExp ? { regex: item.source, flags: item.flags } : String(item)));
}

function rawOf(parts) {
  const texts = parts.map((part) => (typeof part === 'string' ? part : `/${part.regex}/${part.flags}`));
  return texts.filter((text) => text !== '/').join('').replace(/^(?=[^/])/, '/') || '/';
}

function majorOf() {
  const app = [...apps][0];
  const marks = app ? typeof app.lazyrouter === 'function' : [...routers].some((router) => '_params' in router);
  return apps.size + routers.size === 0 ? 0 : marks ? 4 : 5;
}

// The version in the package that express was loaded from; of a bundle only the major version shows.
function versionOf(major) {
  for (const [file, { exports: it }] of Object.entries(require.cache)) {
    if (!/express/.test(file) || typeof it !== 'function' || !(it.application && it.request && it.Router)) continue;
    for (let folder = path.dirname(file); folder !== path.dirname(folder); folder = path.dirname(folder)) {
      try {
        return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).version;
      } catch {
        // It is further up.
      }
    }
  }
  return major ? String(major) : '';
}
