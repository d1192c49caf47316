const express = require('express');
const app = express();
const cache = new Map([['/cached', 1]]);
const client = { get: (url, options) => ({ url, options }), use: (x) => x };

app.set('title', 'x');
app.get('title');
cache.get('/cached', (a, b) => a);
client.get('/remote', (req, res) => res.end());
client.use('/queue');
app.get('/true', (req, res) => res.json(app.get('title')));
app.listen(3000);
