import { Server } from './server.js';

await Server.create({ port: 3000 }).start();
