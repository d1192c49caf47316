module.exports = require('express').Router().get('/g', (req, res) => res.end());
