exports['the router'] = require('express').Router();
exports['the router'].get('/', (q, s) => s.end());
