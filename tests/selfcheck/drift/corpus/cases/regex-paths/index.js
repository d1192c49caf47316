const express = require('express');
const app = express();
const sub = express.Router();
const DIGITS = /^\/n\/(\d+)$/;

app.get(/.*fly$/, (req, res) => res.end());
app.get(DIGITS, (req, res) => res.end());
app.get(new RegExp('^/made/[a-z]+$', 'i'), (req, res) => res.end());
app.post([/^\/either$/, '/or'], (req, res) => res.end());
sub.get(/^\/inner/, (req, res) => res.end());
app.use('/sub', sub);
app.listen(3000);
