const router = require('express').Router();
router.post('/', (req, res) => res.end());
module.exports = router;
