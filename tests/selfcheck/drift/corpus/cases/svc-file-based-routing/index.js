const path = require('path');
const express = require('express');
const { RoutesLoader } = require('./loader');

const app = express();
new RoutesLoader(app).load(path.join(__dirname, 'api'));
app.listen(9000);
