const express = require('express');
const app = express();

app.use((req, res, next) => {
  if (req.query.stop) return res.end();
  next();
});
app.get('/chain', (req, res, next) => {
  res.set('x-first', '1');
  next();
});
app.get('/chain/:x', (req, res, next) => next('route'));
app.post('/chain/end', (req, res) => res.end());
app.get('/chain/end', (req, res) => res.end());
app.param('x', (req, res, next) => next());
app.listen(3000);
