import { Router } from 'express';
import type { RequestHandler } from 'express';
import { BadRequestError } from '../errors.js';
import { asyncHandler } from '../middleware/errorHandling.js';
import { jsonBody } from '../middleware/jsonBody.js';
import type { Secrets } from '../secrets.js';
import type { GroupService } from '../services/groups.js';
import type { GroupServer, InstanceService } from '../services/instances.js';
import { groupRequest, serverProblems, validationRequest } from '../validation/requests.js';
import { isName, isObject } from '../validation/rules.js';
import { momentInQuery, numberInQuery } from './query.js';

const MOST_LINES = 10_000;
const DEFAULT_GRACE_SECONDS = 10;
const LONGEST_GRACE_MS = 60_000;

const TEMPLATES = [
  {
    name: 'http-server',
    description: 'A server that answers over HTTP on a published port.',
    resources: { memory: '256m', cpu: '0.5' },
  },
  {
    name: 'stdio-server',
    description: 'A server that is spoken to by running commands in its container.',
    resources: { memory: '128m', cpu: '0.25' },
  },
];

const AVAILABLE_ENDPOINTS = [
  'POST /mcp/groups',
  'DELETE /mcp/groups/:groupId',
  'GET /mcp/status',
  'POST /mcp/servers/:instanceName/restart',
  'GET /mcp/servers/:instanceName/logs',
  'GET /mcp/health/:groupId',
  'POST /mcp/credentials/refresh/:instanceName',
  'GET /mcp/templates',
  'POST /mcp/validate',
];

/** Groups of MCP servers; mounted under /mcp, with an authentication and a fallback of its own. */
export function createMcpRouter(
  authenticate: RequestHandler,
  groups: GroupService,
  instances: InstanceService,
  secrets: Secrets,
): Router {
  const router = Router();

  router.use(authenticate);

  router.post(
    '/groups',
    jsonBody,
    asyncHandler(async (req, res) => {
      const wanted = groupRequest(req.body);
      const { deployedServers, errors } = await groups.deploy(wanted);
      res.status(201).json({
        success: true,
        message: `MCP group '${wanted.groupId}' deployed.`,
        data: {
          groupId: wanted.groupId,
          deployedServers,
          errors,
          totalServers: wanted.servers.length,
          successfulDeployments: deployedServers.length,
        },
      });
    }),
  );

  router.delete(
    '/groups/:groupId',
    asyncHandler(async (req, res) => {
      const { groupId } = req.params;
      const removedServers = await groups.remove(groupId, graceSeconds(req.query));
      res.json({ success: true, message: `MCP group '${groupId}' removed.`, data: { groupId, removedServers } });
    }),
  );

  router.get(
    '/status',
    asyncHandler(async (_req, res) => {
      const all = await groups.all();
      const servers = [...all.values()].flat();
      res.json({
        success: true,
        data: {
          summary: {
            totalGroups: all.size,
            totalServers: servers.length,
            runningServers: servers.filter(({ status }) => status === 'running').length,
          },
          groups: [...all].map(([groupId, members]) => ({ groupId, servers: members.map(serverShape) })),
        },
      });
    }),
  );

  router.post(
    '/servers/:instanceName/restart',
    asyncHandler(async (req, res) => {
      const { instanceName } = req.params;
      if (!isName(instanceName)) {
        throw new BadRequestError(`'${instanceName}' is no instance name.`);
      }
      await instances.restart(instanceName);
      res.json({ success: true, message: `MCP server '${instanceName}' restarted.` });
    }),
  );

  router.get(
    '/servers/:instanceName/logs',
    asyncHandler(async (req, res) => {
      const { instanceName } = req.params;
      const text = await instances.logs(instanceName, {
        tail: numberInQuery(req.query.tail, MOST_LINES, MOST_LINES),
        since: momentInQuery(req.query.since),
      });
      const logs = secrets.scrub(text).split('\n');
      if (logs.at(-1) === '') {
        logs.pop();
      }
      res.json({ success: true, data: { instanceName, logs, timestamp: new Date().toISOString() } });
    }),
  );

  router.get(
    '/health/:groupId',
    asyncHandler(async (req, res) => {
      const { groupId } = req.params;
      const members = await groups.members(groupId);
      const running = members.filter(({ status }) => status === 'running').length;
      const status = running === members.length ? 'healthy' : running > 0 ? 'degraded' : 'unhealthy';
      res.json({ success: true, data: { groupId, status, servers: members.map(serverShape) } });
    }),
  );

  router.post(
    '/credentials/refresh/:instanceName',
    asyncHandler(async (req, res) => {
      // Acknowledged: a server of this agent reads its credentials whenever it needs them.
      const { instanceName } = req.params;
      await instances.find(instanceName);
      res.json({ success: true, message: `Credentials of '${instanceName}' refreshed.` });
    }),
  );

  router.get('/templates', (_req, res) => {
    res.json({ success: true, data: { templates: TEMPLATES } });
  });

  router.post('/validate', jsonBody, (req, res) => {
    const results = validationRequest(req.body).map(judged);
    const valid = results.filter((result) => result.valid).length;
    res.json({
      success: true,
      data: {
        valid: valid === results.length,
        results,
        summary: { total: results.length, valid, invalid: results.length - valid },
      },
    });
  });

  router.use((_req, res) => {
    res.status(404).json({
      success: false,
      error: 'MCP endpoint not found',
      availableEndpoints: AVAILABLE_ENDPOINTS,
    });
  });

  return router;
}

function serverShape({ instanceName, containerId, status }: GroupServer): Record<string, string> {
  return { instanceName, containerId, status };
}

function judged(server: unknown): { valid: boolean; errors: string[]; instanceName?: string } {
  const errors = serverProblems(server);
  const named = isObject(server) && typeof server.instanceName === 'string';
  return { valid: errors.length === 0, errors, ...(named ? { instanceName: server.instanceName as string } : {}) };
}

/** How long a server may take to stop, or undefined where it is removed without being asked. */
function graceSeconds(query: Record<string, unknown>): number | undefined {
  if (query.forceRemove === 'true') {
    return undefined;
  }
  const given = query.gracefulTimeoutMs;
  const isUsable = typeof given === 'string' && /^\d{1,5}$/.test(given) && Number(given) <= LONGEST_GRACE_MS;
  return isUsable ? Math.ceil(Number(given) / 1000) : DEFAULT_GRACE_SECONDS;
}
