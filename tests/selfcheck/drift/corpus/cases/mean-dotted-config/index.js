const express = require('express');
const config = require('./config');
const app = express();
const { get } = config;
app.get(get('api.prefix') + '/x', (req, res) => res.end());
if (config.get('features.export')) {
  app.get(`${config.get('api.prefix')}/export`, (req, res) => res.end());
}
if (config.has('features.import')) {
  app.get('/import', (req, res) => res.end());
}
app.listen(config.get('port'));
