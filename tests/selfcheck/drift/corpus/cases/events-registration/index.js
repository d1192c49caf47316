const { EventEmitter } = require('events');
const express = require('express');
const app = express();
const boot = new EventEmitter();
boot.on('ready', (prefix) => {
  app.get(`${prefix}/booted`, (req, res) => res.end());
  app.listen(3000);
});
app.get('/start', (req, res) => res.end());
boot.emit('ready', '/sys');
