const express = require('express');
const app = express();
const r = express.Router();
r.get('', (req, res) => res.end());
r.post('/', (req, res) => res.end());
r.get('/sub/', (req, res) => res.end());
app.use('/things/', r);
app.get('/Mixed/Case/', (req, res) => res.end());
app.listen(3000);
