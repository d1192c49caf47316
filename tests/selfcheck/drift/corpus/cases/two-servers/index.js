const express = require('express');
const http = require('http');

const main = express();
main.get('/main', (req, res) => res.end());
const internal = express();
internal.get('/metrics', (req, res) => res.end());

main.listen(3000);
http.createServer(internal).listen(9090);
