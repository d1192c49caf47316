const express = require('express');
const app = express();
const r = express.Router();
app.all('/echo', (req, res) => res.json(req.headers));
r.all('/anything/:x', (req, res) => res.end());
app.use('/r', r);
app.listen(3000);
