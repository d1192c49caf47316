const express = require('express');
exports.app = express();
exports.app.get('/tls', (req, res) => res.end());
