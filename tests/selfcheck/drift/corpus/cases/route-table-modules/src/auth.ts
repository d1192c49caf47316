import type { RequestHandler } from 'express';
export const requireAuth: RequestHandler = (req, res, next) => {
  if (req.headers.authorization) next();
  else res.sendStatus(401);
};
