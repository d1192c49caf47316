const express = require('express');
const api = require('./api');

let adminApp;
let nodeApp;

module.exports = {
  init(server, settings) {
    adminApp = express();
    nodeApp = express();
    api.init(settings, server, adminApp);
  },
  async start() {
    await api.start();
    nodeApp.get('/ping', (req, res) => res.end());
  },
  get httpAdmin() {
    return adminApp;
  },
  get httpNode() {
    return nodeApp;
  },
};
