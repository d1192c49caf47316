// app.get('/commented', handler)
/* app.post('/blocked', (req, res) => res.end()); */
const express = require('express');
const app = express();
const help = "use app.get('/quoted', handler)";
const doc = `
  app.put('/templated', handler);
`;
app.get(/* the path */ '/real' /* done */, // and the handler
  (req, res) => res.send(help + doc));
app.listen(3000);
