import express from 'express';
import type { Express } from 'express';
import type { Config } from './config.js';
import { createAuthentication } from './middleware/authentication.js';
import { createErrorHandler, notFound } from './middleware/errorHandling.js';
import { createRequestLogging } from './middleware/requestLogging.js';
import { createConsoleRouter } from './routes/console.js';
import { createDiagnosticsRouter } from './routes/diagnostics.js';
import { createMcpRouter } from './routes/mcp.js';
import { createServiceRouter } from './routes/service.js';
import { createSshRouter } from './routes/ssh.js';
import { createToolsRouter } from './routes/tools.js';
import { AgentStatusService } from './services/agentStatus.js';
import { DockerService } from './services/docker.js';
import { GroupService } from './services/groups.js';
import { InstanceService } from './services/instances.js';
import type { RecentLog } from './services/recentLog.js';

/** The agent's application: its services, and its routers where callers look for them. */
export function createApp(config: Config, log: RecentLog): Express {
  const docker = new DockerService();
  const instances = new InstanceService(docker);
  const groups = new GroupService(instances);
  const status = new AgentStatusService(config, instances);
  const authenticate = createAuthentication(config.secrets);

  const app = express();
  app.use(createRequestLogging(log));

  app.use('/', createServiceRouter(status));
  app.use('/', createConsoleRouter(authenticate, log));
  app.use('/tools', authenticate, createToolsRouter(instances, status));
  app.use('/diagnostics', authenticate, createDiagnosticsRouter(docker, instances, log));
  app.use('/ssh', authenticate, createSshRouter(config));
  app.use('/mcp', createMcpRouter(authenticate, groups, instances, config.secrets));

  app.use(notFound);
  app.use(createErrorHandler(log));
  return app;
}
