import { Router } from 'express';
import type { RequestHandler } from 'express';
import { asyncHandler } from '../middleware/errorHandling.js';
import { hostMetrics } from '../services/hostMetrics.js';
import type { RecentLog } from '../services/recentLog.js';

// Long enough for the answer to arrive.
const RESTART_DELAY_MS = 1000;

/** What the DTMA console page shows and asks for. It stands at the root, so each route asks for the token itself. */
export function createConsoleRouter(authenticate: RequestHandler, log: RecentLog): Router {
  const router = Router();

  router.get(
    '/system',
    authenticate,
    asyncHandler(async (_req, res) => {
      res.json(await hostMetrics());
    }),
  );

  router.get('/logs', authenticate, (_req, res) => {
    res.json({ logs: log.lines(), timestamp: new Date().toISOString() });
  });

  router.post('/restart', authenticate, (_req, res) => {
    log.info('restart requested, exiting in one second');
    res.json({ success: true, message: 'DTMA restarts in one second.', timestamp: new Date().toISOString() });
    setTimeout(() => process.exit(0), RESTART_DELAY_MS);
  });

  router.post('/redeploy', authenticate, (_req, res) => {
    log.info('redeploy requested');
    res.json({ success: true, message: 'Redeploy requested.', timestamp: new Date().toISOString() });
  });

  return router;
}
