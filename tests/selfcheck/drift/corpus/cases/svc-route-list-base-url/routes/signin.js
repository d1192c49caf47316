const router = require('express').Router();
const wrap = require('../lib/wrap');
async function signin(req, res) {
  res.json({});
}
router.post('/api/signin', wrap(signin));
module.exports = router;
