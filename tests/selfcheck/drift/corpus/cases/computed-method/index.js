const express = require('express');
const app = express();
const VERB = 'patch';

app[VERB]('/patched', (req, res) => res.end());
for (const method of ['get', 'put']) {
  app[method]('/both', (req, res) => res.end());
}
const add = (method, path, ...handlers) => app[method.toLowerCase()](path, ...handlers);
add('DELETE', '/gone/:id', (req, res) => res.end());
add('GET', '/kept', (req, res) => res.end());
app.listen(3000);
