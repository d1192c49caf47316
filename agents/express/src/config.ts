import { readFileSync } from 'node:fs';
import { Secrets } from './secrets.js';

const DEFAULT_PORT = 30000;
const DEFAULT_FILE = '/etc/dtma.conf';

/** What the agent is started with. The engine is found by dockerode: DOCKER_HOST, else the default socket. */
export interface Config {
  host: string;
  port: number;
  secrets: Secrets;
  hasApiBaseUrl: boolean;
  allowShell: boolean;
}

/** The settings of an environment, and of the configuration file that it may name. */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  const file = readSettings(environment.DTMA_CONFIG_FILE ?? DEFAULT_FILE);
  return {
    host: environment.HOST || '0.0.0.0',
    port: portOf(environment.PORT),
    secrets: new Secrets(
      [environment.DTMA_BEARER_TOKEN ?? '', file.get('DTMA_AUTH_TOKEN') ?? ''],
      environment.BACKEND_TO_DTMA_API_KEY ?? '',
    ),
    hasApiBaseUrl: Boolean(environment.AGENTOPIA_API_BASE_URL),
    allowShell: environment.DTMA_ALLOW_SHELL !== 'false',
  };
}

/** The KEY=VALUE lines of a file; a file that is not there has none. */
function readSettings(file: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of textOf(file).split('\n')) {
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match) {
      settings.set(match[1], match[2].replace(/^(["'])(.*)\1$/, '$2'));
    }
  }
  return settings;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ENOENT') {
      return '';
    }
    throw problem;
  }
}

function portOf(text: string | undefined): number {
  if (!text) {
    return DEFAULT_PORT;
  }
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`PORT is no port number: ${text}`);
  }
  return port;
}
