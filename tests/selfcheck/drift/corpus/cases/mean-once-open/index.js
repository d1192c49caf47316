const express = require('express');
const store = require('doc-store');
const app = express();
app.get('/early', (req, res) => res.end());

store.connection.once('open', () => {
  app.use('/opened', express.Router().get('/x', (req, res) => res.end()));
  app.listen(3000);
});
store
  .ready()
  .then(() => {
    app.get('/ready', (req, res) => res.end());
  })
  .catch(() => process.exit(1));
