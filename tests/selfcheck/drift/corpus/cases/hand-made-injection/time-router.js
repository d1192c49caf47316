const { Router } = require('express');
module.exports = ({ clock }) => {
  const router = Router();
  router.get('/now', (req, res) => res.json(clock.now()));
  router.get('/zones/:zone', (req, res) => res.end());
  return router;
};
