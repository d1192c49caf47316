const express = require('express');
const table = require('./routes.json');
const handlers = require('./handlers');

const app = express();
table.routes.forEach(({ verb, url, action }) => {
  app[verb.toLowerCase()](table.base + url, handlers[action]);
});
app.listen(3000);
