const express = require('express');
const app = express();

const versions = {
  v1: () => require('./v1'),
  v2: () => require('./v2'),
};
const names = Object.keys(versions).sort().reverse();
const [latest] = names;
names.forEach((name) => app.use(`/api/${name}`, versions[name]()));
app.use('/api/latest', versions[latest]());
app.listen(3000);
