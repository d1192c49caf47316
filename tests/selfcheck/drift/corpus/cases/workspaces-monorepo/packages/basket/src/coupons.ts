import { Router } from 'express';
export const couponRouter = Router();
couponRouter.post('/:code/redeem', (_req, res) => { res.json({}); });
