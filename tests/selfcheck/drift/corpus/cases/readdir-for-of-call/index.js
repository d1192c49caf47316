'use strict';

const { readdirSync } = require('node:fs');
const { resolve, extname } = require('node:path');
const app = require('express')();

for (const name of readdirSync(resolve(__dirname, './modules'))) {
  if (extname(name) !== '.js') continue;
  require(resolve(__dirname, 'modules', name))(app);
}

app.listen(3000);
