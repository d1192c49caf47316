const express = require('express');
const app = express();
const shards = Number(process.env.SHARDS);
for (let i = 0; i < shards; i++) {
  app.get('/shard/' + i + '/keys', (req, res) => res.end());
}
app.get('/shards', (req, res) => res.end());
app.listen(3000);
