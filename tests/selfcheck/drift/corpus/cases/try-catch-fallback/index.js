const express = require('express');
const app = express();

let billing;
try {
  billing = require('./enterprise/billing');
} catch (error) {
  billing = require('./community/billing');
}
app.use('/billing', billing);

try {
  app.get('/tried', (req, res) => res.end());
} catch (error) {
  console.error(error);
} finally {
  app.get('/finally', (req, res) => res.end());
}
app.listen(3000);
