import type { RequestHandler } from 'express';

export class AuthService {
  authMiddleware: RequestHandler = (req, res, next) => {
    if (req.headers.cookie) next();
    else res.status(401).json({ status: 'error' });
  };
}
