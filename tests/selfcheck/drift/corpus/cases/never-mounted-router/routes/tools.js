const express = require('express');
const router = express.Router();
router.post('/:name/start', (req, res) => res.end());
router.post('/:name/stop', (req, res) => res.end());
module.exports = router;
