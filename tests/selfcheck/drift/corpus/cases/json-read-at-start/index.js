const { readFileSync } = require('fs');
const { join } = require('path');
const express = require('express');
const app = express();
const routes = JSON.parse(readFileSync(join(__dirname, 'routes.json'), 'utf8'));
for (const { path, body } of routes) app.get(path, (req, res) => res.send(body));
app.get('/static', (req, res) => res.end());
app.listen(3000);
