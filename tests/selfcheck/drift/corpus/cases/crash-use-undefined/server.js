const express = require('express');
const { items } = require('./items');
const app = express();
app.get('/fine', (req, res) => res.end());
app.use('/items', items);
app.listen(3000);
