import { Router } from 'express';
export default async (_env: object) => {
  const router = Router();
  router.get('/index.html', (_req, res) => { res.end(); });
  return router;
};
