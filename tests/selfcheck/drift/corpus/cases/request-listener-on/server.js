const { createServer } = require('http');
const express = require('express');
const server = createServer();
const app = express();
app.get('/on', (req, res) => res.end());
server.on('request', app);
server.listen(3000);
