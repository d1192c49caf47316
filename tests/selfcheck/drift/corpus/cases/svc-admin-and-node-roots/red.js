const http = require('http');
const express = require('express');
const RED = require('./lib/red');

const app = express();
const defaults = { httpAdminRoot: '/admin', httpNodeRoot: '/nodes', uiPort: 1880 };
const settings = Object.assign({}, defaults, { uiPort: 1881 });

const server = http.createServer((req, res) => app(req, res));
RED.init(server, settings);

if (settings.httpAdminRoot !== false) {
  app.use(settings.httpAdminRoot, RED.httpAdmin);
}
if (settings.httpNodeRoot !== false) app.use(settings.httpNodeRoot, RED.httpNode);

RED.start().then(() => server.listen(settings.uiPort));
