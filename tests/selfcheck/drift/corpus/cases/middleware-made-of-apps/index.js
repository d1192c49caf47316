const express = require('express');
const { forHost, lazily } = require('host-router');

const lazy = lazily();
const app = express();
const end = (req, res) => res.end();
const shop = express();
shop.get('/basket', end);
shop.use('/orders', lazy(() => require('./orders')));
app.get('/own', end);
app.use('/shop', forHost('shop.example.org', shop));
app.listen(3000);
