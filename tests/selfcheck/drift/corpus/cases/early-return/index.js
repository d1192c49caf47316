const express = require('express');
const app = express();

function metrics(server) {
  server.get('/metrics-info', (req, res) => res.end());
  if (!process.env.METRICS) {
    return;
  }
  server.get('/metrics', (req, res) => res.end());
  server.get('/metrics/:name', (req, res) => res.end());
}

function nothing(server) {
  if (typeof server.get === 'function') return server;
  throw new Error('no app');
}

nothing(app);
metrics(app);
app.listen(3000);
