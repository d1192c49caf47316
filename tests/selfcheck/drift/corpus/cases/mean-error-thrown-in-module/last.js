module.exports = require('express').Router().get('/l', (req, res) => res.end());
