const express = require('express');

function createApp() {
  const app = express();
  app.get('/before', (req, res) => res.end());
  throw new Error('the rest is not written yet');
}

const app = createApp();
app.get('/after', (req, res) => res.end());
app.listen(3000);
