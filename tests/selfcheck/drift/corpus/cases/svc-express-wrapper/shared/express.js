const express = require('express');

module.exports = (name) => {
  const app = express();
  app.set('name', name);
  app.enable('trust proxy');
  return app;
};

module.exports.Router = (name, options) => {
  const router = express.Router(options);
  router.use(function label(req, res, next) {
    res.locals.router = name;
    next();
  });
  return router;
};

module.exports.static = express.static;
module.exports._express = express;
