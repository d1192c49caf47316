const express = require('express');
const { connect } = require('row-store');

(async () => {
  const app = express();
  app.get('/fixed', (req, res) => res.end());
  const db = await connect('pages.db');
  for (const page of await db.all('select slug from pages')) {
    app.get('/' + page.slug, (req, res) => res.end());
  }
  app.listen(3000);
})();
