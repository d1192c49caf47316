const express = require('express');
const { graphRouter } = require('graph-kit');
const app = express();
app.get('/own', (req, res) => res.end());
app.use('/graph', graphRouter({ schema: 'type Query { a: Int }' }));
app.listen(3000);
