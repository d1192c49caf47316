const r = require('express').Router();
r.get('/new', (q, s) => s.end());
r.use('/deep', require('./v1'));
module.exports = r;
