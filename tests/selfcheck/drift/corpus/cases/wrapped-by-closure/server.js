const http = require('http');
const app = require('express')();
app.get('/inside', (req, res) => res.end());
http
  .createServer((req, res) => {
    res.setHeader('x-wrapped', 'yes');
    app(req, res);
  })
  .listen(3000);
