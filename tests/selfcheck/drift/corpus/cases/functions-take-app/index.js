const express = require('express');
const app = express();

setup(app);
const installers = {
  ping(target) { target.get('/ping', (req, res) => res.end()); },
  pong: (target) => target.get('/pong', (req, res) => res.end()),
};
installers.ping(app);
installers['pong'](app);
(function () {
  app.get('/iife', (req, res) => res.end());
})();
app.listen(3000);

function setup(server) {
  function inner() {
    server.get('/inner', (req, res) => res.end());
  }
  inner();
  server.get('/outer', (req, res) => res.end());
}
