const { Router } = require('express');
const imported = Router();
imported.get('/imported', (req, res) => res.end());
module.exports = imported;
