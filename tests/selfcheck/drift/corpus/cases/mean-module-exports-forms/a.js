const router = require('express').Router();
module.exports = exports = { router };
exports.router.get('/', (q, s) => s.end());
