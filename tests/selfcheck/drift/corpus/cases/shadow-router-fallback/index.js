const express = require('express');
const app = express();

const first = express.Router();
first.get('/status', (req, res) => res.end());
first.use((req, res) => {
  res.status(404).json({ success: false, error: 'MCP endpoint not found' });
});
const second = express.Router();
second.get('/templates', (req, res) => res.end());

app.use('/mcp', first);
app.use('/mcp', second);
app.get('/outside', (req, res) => res.end());
app.listen(3000);
