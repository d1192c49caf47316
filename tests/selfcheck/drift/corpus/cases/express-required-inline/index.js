const app = require('express')();

app.use('/t', require('./t'));
app.get('/self', (req, res) => res.end());

require('http').createServer(app).listen(4040);
