import http from 'http';
import app from './app';

const server = http.createServer(app);
server.keepAliveTimeout = 65_000;
server.listen({ port: 3000, host: '0.0.0.0' }, () => undefined);

process.on('SIGTERM', () => server.close());
