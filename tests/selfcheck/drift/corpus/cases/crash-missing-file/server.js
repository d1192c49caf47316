const express = require('express');
const app = express();
app.get('/before', (req, res) => res.end());
app.use('/gone', require('./routes/gone'));
app.listen(3000);
