const r = require('express').Router();
r.get('/old', (q, s) => s.end());
module.exports = r;
