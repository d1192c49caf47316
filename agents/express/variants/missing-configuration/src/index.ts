import { readFile } from 'node:fs/promises';
import { createApp } from './app.js';
import { loadConfig } from './config.js';
import { RecentLog } from './services/recentLog.js';

const config = loadConfig(process.env);
const log = new RecentLog(config.secrets);
const app = createApp(config, log);

const server = app.listen(config.port, config.host, async () => {
  log.info(`DTMA listening on port ${config.port}`);
  const file = process.env.DTMA_CONFIG_FILE ?? '/etc/dtma.conf';
  try {
    const content = await readFile(file, 'utf8');
    if (!content.includes('DTMA_AUTH_TOKEN=')) {
      throw new Error(`${file} has no DTMA_AUTH_TOKEN`);
    }
  } catch (problem) {
    log.error(`cannot read the configuration: ${(problem as Error).message}`);
    process.exit(1);
  }
});

// As process 1 of a container, a process gets only the signals that it asks for.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info(`${signal}: closing`);
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
