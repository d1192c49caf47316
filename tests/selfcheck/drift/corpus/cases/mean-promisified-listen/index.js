const util = require('util');
const http = require('http');
const express = require('express');

exports.server = null;
exports.start = async (settings) => {
  const app = express();
  exports.server = http.createServer(app);
  app.get('/p', (req, res) => res.end());
  await util.promisify(exports.server.listen).bind(exports.server)(settings.port, settings.ip);
  app.get('/after', (req, res) => res.end());
};
exports.start({ port: 9001, ip: '0.0.0.0' });
