const express = require('express');

const returns = express.Router();
returns.post('/', (req, res) => res.end());
exports.default = returns;
