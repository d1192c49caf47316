const express = require('express');
const app = express();
app.get('/ok', (req, res) => res.end());
app.get('*', (req, res) => res.status(404).end());
app.listen(3000);
