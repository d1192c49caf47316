const express = require('express');
const { pets, owners } = require('./lib');

const app = (module.exports = express());

app.use(express.urlencoded({ extended: false }));
app.use('/pets', pets);
app.use('/owners', owners);
app.get('/healthz', function health(req, res) {
  res.type('text').send('ok');
});

if (!module.parent) {
  app.listen(3000);
}
