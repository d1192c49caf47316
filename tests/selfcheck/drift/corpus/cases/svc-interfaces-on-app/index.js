const Server = require('./server');
const server = new Server({ port: 3000 });
server.start();
