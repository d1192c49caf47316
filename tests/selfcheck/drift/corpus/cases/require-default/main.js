const express = require('express');
const orders = require('./orders').default;
const setup = require('./setup').default;

const app = express();
app.use('/orders', orders);
setup(app);
app.listen(80);
