const express = require('express');
const _ = { values: (object) => Object.values(object), forIn: (object, run) => Object.keys(object).forEach((key) => run(object[key], key)) };

function Server(opts) {
  const app = express();
  this.app = app;
  app.started = false;
  Object.assign(app, opts);
  app.config = { apiPath: '/signalk/v1', version: '2.1' };
  require('./serverroutes')(app, (name) => `saved ${name}`);
}

module.exports = Server;

Server.prototype.start = async function () {
  const self = this;
  const app = this.app;
  await startInterfaces(app);
  app.started = true;
  return new Promise((resolve) => {
    self.server = require('http').createServer(app).listen(app.port, () => resolve(self));
  });
};

async function startInterfaces(app) {
  app.interfaces = app.interfaces || {};
  const available = require('./interfaces');
  return Promise.all(
    Object.keys(available).map((name) => {
      const api = (app.interfaces[name] = available[name](app));
      if (api && typeof api.start === 'function') return api.start();
      return Promise.resolve();
    })
  );
}
