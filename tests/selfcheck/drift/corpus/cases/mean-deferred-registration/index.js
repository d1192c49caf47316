const express = require('express');
const app = express();
let prefix = '/first';
queueMicrotask(() => app.get(`${prefix}/deferred`, (req, res) => res.end()));
setImmediate(() => app.get(`${prefix}/immediate`, (req, res) => res.end()));
prefix = '/second';
app.get(`${prefix}/now`, (req, res) => res.end());
app.listen(3000);
