const { Router } = require('express');
exports.mount = '/hello';
exports.router = Router().get('/world', (req, res) => res.end());
