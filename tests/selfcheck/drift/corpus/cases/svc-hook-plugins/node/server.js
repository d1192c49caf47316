'use strict';
const express = require('express');
const hooks = require('./hooks');

exports.createServer = async () => {
  const app = express();
  hooks.load(require('../parts.json'));
  await hooks.callAll('expressConfigure', { app });
  await Promise.all([
    hooks.callAll('expressCreateServer', { app, server: null }),
    hooks.callAll('unused', {}),
  ]);
  app.listen(9001);
};

exports.createServer();
