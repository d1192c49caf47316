const express = require('express');

async function makeApp(config, models) {
  const baseUrl = config.get('baseUrl');
  const app = express();
  app.use((req, res, next) => {
    req.models = models;
    next();
  });

  const preAuthRoutes = [require('./routes/version.js'), require('./routes/signin.js')];
  preAuthRoutes.forEach((router) => app.use(baseUrl, router));

  const routes = [require('./routes/users.js')];
  routes.forEach((router) => app.use(baseUrl, router));
  return app;
}

module.exports = makeApp;
