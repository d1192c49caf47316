const router = require('express').Router();
router.get('/b', (req, res) => res.end());
if (!router.thing) {
  throw new Error('not configured');
}
module.exports = router;
