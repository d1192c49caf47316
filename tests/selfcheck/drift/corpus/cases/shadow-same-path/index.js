const express = require('express');
const app = express();
const mcp = express.Router();
mcp.get('/status', (req, res) => res.json({ from: 'router' }));
mcp.post('/status', (req, res) => res.end());

app.get('/mcp/status', (req, res) => res.json({ from: 'app' }));
app.use('/mcp', mcp);
app.listen(3000);
