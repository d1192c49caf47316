const https = require('https');
const { app } = require('./app');
require('./more');
const server = https.createServer({ key: undefined, cert: undefined }, app);
server.listen(8443);
