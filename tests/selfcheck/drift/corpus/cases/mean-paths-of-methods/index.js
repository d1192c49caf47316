const express = require('express');
const app = express();
const end = (req, res) => res.end();
const pass = (req, res, next) => next();

const paths = {
  '/plants': { GET: end, POST: [express.json(), pass, end] },
  '/plants/:plant': { GET: { handler: end }, DELETE: end, before: pass },
};

for (const path of Object.keys(paths)) {
  const { before, ...verbs } = paths[path];
  const route = app.route(path);
  if (before) route.all(before);
  Object.entries(verbs).forEach(([verb, definition]) => {
    const handlers = Array.isArray(definition) ? definition : [definition.handler || definition];
    route[verb.toLowerCase()](...handlers);
  });
}
app.listen(3000);
