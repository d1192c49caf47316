const express = require('express');
const probes = require('probe-kit');
const app = express();
app.get('/own', (req, res) => res.end());
app.use('/probes', probes({ deep: true }));
app.listen(3000);
