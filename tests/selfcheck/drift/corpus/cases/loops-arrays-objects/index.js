const express = require('express');
const app = express();
const end = (req, res) => res.end();

[['get', '/arr/a'], ['post', '/arr/b']].forEach(([method, path]) => app[method](path, end));

const table = { '/obj/one': end, '/obj/two': end };
for (const [path, handler] of Object.entries(table)) app.get(path, handler);
Object.keys(table).map((path) => app.delete(path + '/:id', end));
for (const path in { '/in/x': 1 }) {
  app.get(path, end);
}

const routers = new Map([['/map/a', express.Router().get('/z', end)]]);
routers.set('/map/b', express.Router().get('/y', end));
for (const [prefix, router] of routers) app.use(prefix, router);
routers.forEach((router, prefix) => app.use(`/again${prefix}`, router));

for (let i = 1; i <= 3; i++) app.get('/count/' + i, end);
let n = 0;
while (n < 2) {
  n++;
  app.get(`/while/${n}`, end);
}
Object.values({ a: '/val/a' }).filter(Boolean).reduce((server, path) => server.get(path, end), app);
app.listen(3000);
