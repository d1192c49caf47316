const express = require('express');
const FEATURES = { legacy: false, beta: true };
const app = express();
if (FEATURES.legacy) {
  app.get('/legacy', (req, res) => res.end());
}
if (FEATURES.beta) {
  app.get('/beta', (req, res) => res.end());
}
app.listen(3000);
