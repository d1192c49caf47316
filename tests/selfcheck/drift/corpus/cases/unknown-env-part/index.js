const express = require('express');
const app = express();
const { TENANT } = process.env;

app.get(`${process.env.BASE_PATH}/status`, (req, res) => res.end());
app.get('/t/' + TENANT + '/jobs/:id', (req, res) => res.end());
app.get('/sure', (req, res) => res.end());
app.listen(3000);
