const express = require('express');
const app = express();

function verifyToken(req, res, next) { return req.headers.authorization ? next() : res.sendStatus(401); }
function validate(req, res, next) { next(); }
const guards = [verifyToken, validate];

app.get('/r/one', guards, (req, res) => res.end());
app.get('/r/two', [[validate, [verifyToken]], (req, res) => res.end()]);
app.post('/r/three', ...guards, validate, (req, res) => res.end());
app.get('/r/free', [validate], (req, res) => res.end());
app.listen(3000);
