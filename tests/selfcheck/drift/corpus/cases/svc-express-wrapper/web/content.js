const express = require('../shared/express');
const routes = require('./content-routes');

module.exports = function setupContent() {
  const app = express('content api');
  app.use('/', routes());
  return app;
};
