const express = require('express');
const app = express();
app.get('/before', (req, res) => res.end());
app.listen(3000, () => {
  app.get('/in-callback', (req, res) => res.end());
});
Promise.resolve().then(() => app.get('/in-promise', (req, res) => res.end()));
