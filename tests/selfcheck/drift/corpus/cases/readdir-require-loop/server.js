const fs = require('fs');
const path = require('path');
const express = require('express');

const app = express();
const routesDir = path.join(__dirname, 'routes');

fs.readdirSync(routesDir)
  .filter((file) => file.endsWith('.js') && !file.startsWith('_'))
  .forEach((file) => {
    const router = require(path.join(routesDir, file));
    app.use('/' + path.basename(file, '.js'), router);
  });

app.listen(3000);
