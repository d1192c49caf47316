import { Router } from 'express';
import { asyncHandler } from '../middleware/errorHandling.js';
import type { AgentStatusService } from '../services/agentStatus.js';
import { VERSION } from '../version.js';

const ENDPOINTS = [
  'GET / - Service information',
  'GET /health - Liveness',
  'GET /status - Health check',
  'GET /tools - List tool instances',
  'GET /tools/status - Agent status, for authenticated callers',
  'POST /tools - Deploy a tool',
  'DELETE /tools/:instanceNameOnToolbox - Delete a tool',
  'POST /tools/:instanceNameOnToolbox/restart - Restart a tool',
  'GET /system - Load of the host',
  'GET /logs - Recent log lines',
  'POST /restart - Restart the agent',
  'POST /redeploy - Ask for a redeploy of the agent',
  'GET /diagnostics/docker - Report on the Docker Engine',
  'GET /diagnostics/system - Report on the host',
  'GET /diagnostics/logs - Last lines of the log',
  'POST /ssh/execute - Run a shell command on the host',
  'POST /mcp/groups - Deploy a group of MCP servers',
  'DELETE /mcp/groups/:groupId - Remove a group',
  'GET /mcp/status - All groups and their servers',
  'POST /mcp/servers/:instanceName/restart - Restart a server',
  'GET /mcp/servers/:instanceName/logs - Log of a server',
  'GET /mcp/health/:groupId - Health of a group',
  'POST /mcp/credentials/refresh/:instanceName - Refresh credentials',
  'GET /mcp/templates - Templates for servers',
  'POST /mcp/validate - Check server definitions',
];

/** What everybody may ask: what this is, whether it lives, how it is. */
export function createServiceRouter(status: AgentStatusService): Router {
  const router = Router();

  router.get('/', (_req, res) => {
    res.json({
      service: 'Droplet Tool Management Agent (DTMA)',
      version: VERSION,
      status: 'running',
      endpoints: ENDPOINTS,
    });
  });

  router.get('/health', (_req, res) => {
    res.type('text/plain').send('OK');
  });

  router.get(
    '/status',
    asyncHandler(async (_req, res) => {
      res.json(await status.read());
    }),
  );

  return router;
}
