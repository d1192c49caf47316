const express = require('express');
const flavours = {
  rest: (app) => app.get('/rest/:id', (req, res) => res.end()),
  rpc: (app) => app.post('/rpc', (req, res) => res.end()),
};
const app = express();
app.get('/fixed', (req, res) => res.end());
flavours[process.env.FLAVOUR](app);
app.listen(3000);
