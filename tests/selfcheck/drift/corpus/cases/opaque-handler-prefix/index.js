const express = require('express');
const { createEdgeProxy } = require('edge-proxy');
const app = express();
app.use('/proxy', createEdgeProxy({ target: 'http://127.0.0.1:9' }));
app.get('/own', (req, res) => res.end());
app.listen(3000);
