const express = require('express');
const app = express();
const names = (process.env.MODULES || '').split(',').filter(Boolean);
app.get('/', (req, res) => res.json(names));
for (const name of names) {
  app.use(`/${name}`, require(`./modules/${name}`));
}
app.listen(3000);
