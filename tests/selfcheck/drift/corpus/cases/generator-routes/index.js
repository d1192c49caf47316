const express = require('express');
const app = express();

function* definitions() {
  yield ['get', '/gen/first'];
  for (const name of ['a', 'b']) yield ['put', `/gen/${name}`];
}
for (const [verb, path] of definitions()) app[verb](path, (req, res) => res.end());
app.listen(3000);
