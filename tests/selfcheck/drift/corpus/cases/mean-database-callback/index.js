const express = require('express');
const store = require('doc-store');
const notes = require('./notes');

const app = express();
app.use(express.json());

store.connect('mem://', { pool: 5 }, (error, client) => {
  if (error) return console.error(error);
  const db = client.db('notes');
  notes(app, db);
  app.listen(3000, () => console.log('live'));
});
