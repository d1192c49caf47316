import { Router } from 'express';
export const basketRouter = Router();
basketRouter.get('/', (_req, res) => { res.json({}); });
basketRouter.post('/items', (_req, res) => { res.json({}); });
