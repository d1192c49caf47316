const { Router } = require('express');
module.exports = exports = Router();
exports.get('/status/:slug', (req, res) => res.end());
