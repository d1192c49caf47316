const express = require('express');
const app = express();
app.get('/early', (req, res) => res.end());

app.use((req, res) => {
  res.status(404).json({ error: 'Not Found' });
});

const late = express.Router();
late.get('/', (req, res) => res.end());
late.post('/:id', (req, res) => res.end());
app.use('/late', late);
app.listen(3000);
