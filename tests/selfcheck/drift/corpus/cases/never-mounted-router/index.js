const express = require('express');
const unused = require('./routes/imported');
const app = express();
app.get('/status', (req, res) => res.json({ status: 'ok' }));
app.listen(3000);
