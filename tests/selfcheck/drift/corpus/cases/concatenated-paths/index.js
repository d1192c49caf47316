const express = require('express');
const { posix } = require('path');
const app = express();
const base = '/base';
let prefix = base;
prefix += '/v1';

app.get(prefix + '/plus', (req, res) => res.end());
app.get(base.concat('/concat', '/:n'), (req, res) => res.end());
app.get(['', 'joined', ':id'].join('/'), (req, res) => res.end());
app.get(posix.join(base, '..', 'posix', './x'), (req, res) => res.end());
app.get('/_name_'.replace('_name_', 'replaced'), (req, res) => res.end());
app.get('//slice/d'.slice(1), (req, res) => res.end());
app.get('/UPPER'.toLowerCase(), (req, res) => res.end());
app.listen(3000);
