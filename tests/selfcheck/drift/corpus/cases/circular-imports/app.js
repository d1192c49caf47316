const express = require('express');

const app = express();
exports.app = app;

require('./first');
require('./second');

app.listen(3000);
