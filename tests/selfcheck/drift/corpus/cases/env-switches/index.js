const express = require('express');
const config = require('./config');
const app = express();
const end = (req, res) => res.end();

app.get('/', end);
if (process.env.ENABLE_ADMIN === 'true') {
  app.get('/admin', end);
}
process.env.DEBUG_ROUTES && app.get('/debug', end);
if (config.isProduction) {
  app.set('trust proxy', 1);
} else {
  app.get('/dev/mail', end);
}
if (config.flags.vars) app.use('/debug', express.Router().get('/vars', end));

switch (process.env.MODE) {
  case 'a':
    app.get('/mode/a', end);
    break;
  case 'b':
    app.get('/mode/b', end);
    break;
  default:
    app.get('/mode/default', end);
}
app.listen(3000);
