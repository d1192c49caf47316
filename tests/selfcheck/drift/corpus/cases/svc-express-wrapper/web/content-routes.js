const express = require('../shared/express');
const http = (action) => async (req, res, next) => {
  try {
    res.json(await action(req));
  } catch (error) {
    next(error);
  }
};
const mw = { authenticatePublic: [(req, res, next) => next(), (req, res, next) => next()] };

module.exports = function apiRoutes() {
  const router = express.Router('content api');
  router.get('/posts', mw.authenticatePublic, http(() => []));
  router.get('/posts/slug/:slug', mw.authenticatePublic, http(() => ({})));
  return router;
};
