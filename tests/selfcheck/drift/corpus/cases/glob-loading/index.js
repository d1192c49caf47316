const path = require('path');
const express = require('express');
const { globSync } = require('glob');
const app = express();
app.get('/first', (req, res) => res.end());
globSync(path.join(__dirname, 'features/**/*.routes.js')).forEach((file) => require(file)(app));
app.listen(3000);
