module.exports = require('express').Router().get('/open', (req, res) => res.end());
