const express = require('express');
const { lazily } = require('host-router');

const lazy = lazily();
const orders = express.Router();
orders.get('/:id', (req, res) => res.end());
orders.use('/returns', lazy(() => Promise.resolve(require('./returns'))));
module.exports = orders;
