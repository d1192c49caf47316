module.exports = require('express').Router().get('/low', (req, res) => res.end());
