const { randomUUID } = require('crypto');
const os = require('os');
const express = require('express');
const app = express();
// Nothing of it is left, so that the case's truth is the same in every run.
const secret = randomUUID().replace(/.+/, 'x') + os.hostname().slice(0, 0);
app.get(`/hook/${secret}`, (req, res) => res.end());
app.get('/steady', (req, res) => res.end());
app.listen(3000);
