const express = require('express');
const app = express();
app.get('users', (req, res) => res.end());
app.get('/real', (req, res) => res.end());
app.listen(3000);
