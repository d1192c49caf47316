import type { Config } from '../config.js';
import { VERSION } from '../version.js';
import { hostMetrics } from './hostMetrics.js';
import type { InstanceService } from './instances.js';

/** How the agent is, and which instances it has. Of its configuration, only whether a value is set. */
export class AgentStatusService {
  constructor(
    private readonly config: Config,
    private readonly instances: InstanceService,
  ) {}

  async read(): Promise<Record<string, unknown>> {
    const [instances, metrics] = await Promise.all([this.instances.list(), hostMetrics()]);
    return {
      status: 'healthy',
      timestamp: new Date().toISOString(),
      version: VERSION,
      service: 'DTMA',
      environment: {
        hasAuthToken: this.config.secrets.hasAuthToken,
        hasApiKey: this.config.secrets.hasApiKey,
        hasApiBaseUrl: this.config.hasApiBaseUrl,
        port: String(this.config.port),
      },
      tool_instances: instances,
      system_metrics: metrics,
    };
  }
}
