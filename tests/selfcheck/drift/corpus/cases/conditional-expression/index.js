const express = require('express');
const app = express();
const disk = express.Router().get('/disk', (req, res) => res.end());
const bucket = express.Router().get('/bucket', (req, res) => res.end());

app.use('/store', process.env.STORE === 's3' ? bucket : disk);
app.get(process.env.STORE ? '/on' : '/off', (req, res) => res.end());
app.get(1 + 1 === 2 ? '/always' : '/never', (req, res) => res.end());
app.listen(3000);
