const router = require('express').Router();
router.get('/b', (req, res) => res.end());
if (!process.env.LICENCE) {
  throw new Error('not configured');
}
module.exports = router;
