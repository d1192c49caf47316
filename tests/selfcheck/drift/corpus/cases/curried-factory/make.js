const { Router } = require('express');
module.exports = ({ store }) => ({ path }) => {
  const router = Router();
  router.get(path, (req, res) => res.json([...store]));
  return router;
};
