import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { RecentLog } from '../services/recentLog.js';

/** Writes a line for each request that was answered. */
export function createRequestLogging(log: RecentLog): RequestHandler {
  return function logRequest(req: Request, res: Response, next: NextFunction): void {
    const started = performance.now();
    res.once('finish', () => {
      const milliseconds = Math.round(performance.now() - started);
      log.info(`${req.method} ${req.originalUrl} ${res.statusCode} ${milliseconds} ms`);
    });
    next();
  };
}
