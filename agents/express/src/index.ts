import { createApp } from './app.js';
import { loadConfig } from './config.js';
import { RecentLog } from './services/recentLog.js';

const config = loadConfig(process.env);
const log = new RecentLog(config.secrets);
const app = createApp(config, log);

const server = app.listen(config.port, config.host, () => {
  log.info(`DTMA listening on port ${config.port}`);
});

// As process 1 of a container, a process gets only the signals that it asks for.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info(`${signal}: closing`);
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
