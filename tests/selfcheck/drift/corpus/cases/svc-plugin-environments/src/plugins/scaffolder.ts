import express from 'express';

export interface RouterOptions { logger: object; actions?: object[] }

export async function createRouter(options: RouterOptions): Promise<express.Router> {
  const { actions } = options;
  const router = express.Router();
  router.use(express.json());
  router.get('/v2/actions', (_req, res) => { res.json(actions ?? []); });
  router.post('/v2/tasks', (_req, res) => { res.status(201).end(); });
  return router;
}

export default async (env: { logger: object }) => createRouter({ logger: env.logger });
