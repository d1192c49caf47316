const express = require('express');
const app = express();
app.get('/ab?cd', (req, res) => res.end());
app.get('/ef+gh', (req, res) => res.end());
app.get('/(cat|dog)/pet', (req, res) => res.end());
app.get('/opt(/extra)?', (req, res) => res.end());
app.listen(3000);
