const express = require('express');
const app = express();
app.get('/fine', (req, res) => res.end());
app.listen(3000);
