import { Router } from 'express';
import { asyncHandler } from '../middleware/errorHandling.js';
import type { DockerService } from '../services/docker.js';
import { describeHost, hostMetrics } from '../services/hostMetrics.js';
import type { InstanceService } from '../services/instances.js';
import type { RecentLog } from '../services/recentLog.js';
import { numberInQuery } from './query.js';

const DEFAULT_LINES = 100;
const MOST_LINES = 10_000;

/** The engine, the host and the log, for whoever looks for a fault; mounted under /diagnostics. */
export function createDiagnosticsRouter(docker: DockerService, instances: InstanceService, log: RecentLog): Router {
  const router = Router();

  router.get(
    '/docker',
    asyncHandler(async (_req, res) => {
      const [engine, containers, managed] = await Promise.all([docker.describe(), docker.list(), instances.list()]);
      const managedIds = new Set(managed.map(({ container_id }) => container_id));
      const diagnostics = {
        ...engine,
        containers: containers.map(({ Id, Names, Image, State }) => ({
          id: Id,
          names: Names,
          image: Image,
          state: State,
          managed: managedIds.has(Id),
        })),
      };
      res.json({ success: true, diagnostics, timestamp: new Date().toISOString() });
    }),
  );

  router.get(
    '/system',
    asyncHandler(async (_req, res) => {
      const diagnostics = { ...describeHost(), ...(await hostMetrics()) };
      res.json({ success: true, diagnostics, timestamp: new Date().toISOString() });
    }),
  );

  router.get('/logs', (req, res) => {
    const count = numberInQuery(req.query.lines, DEFAULT_LINES, MOST_LINES);
    res.json({ success: true, logs: log.lines(count), timestamp: new Date().toISOString() });
  });

  return router;
}
