const router = require('express').Router();
router.get('/plans', (req, res) => res.json([]));
module.exports = router;
