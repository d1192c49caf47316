module.exports = require('express')
  .Router()
  .use(require('express').json())
  .get('/one', (req, res) => res.end());
