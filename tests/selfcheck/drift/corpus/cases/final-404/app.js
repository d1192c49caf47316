const express = require('express');
const app = express();
app.get('/page', (req, res) => res.end());
app.use('/deep', express.Router().get('/page', (req, res) => res.end()));
app.use((req, res, next) => res.status(404).send('nothing here'));
app.use((err, req, res, next) => {
  res.status(500).send(err.message);
});
app.listen(3000);
