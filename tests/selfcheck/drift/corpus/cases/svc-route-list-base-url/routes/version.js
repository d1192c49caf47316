const router = require('express').Router();
router.get('/api/version', (req, res) => res.json({}));
module.exports = router;
