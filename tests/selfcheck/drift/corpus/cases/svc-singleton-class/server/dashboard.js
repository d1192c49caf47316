const express = require('express');
const http = require('http');

class Dashboard {
  static instance = null;
  app = undefined;
  httpServer = undefined;

  static getInstance(args) {
    if (Dashboard.instance == null) {
      Dashboard.instance = new Dashboard(args);
    }
    return Dashboard.instance;
  }

  constructor() {
    this.app = express();
    this.httpServer = http.createServer(this.app);
  }

  async initDatabase() {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async loadHtml() {
    this.html = '<html>';
  }

  start() {
    this.httpServer.listen(3001);
  }
}

module.exports = { Dashboard };
