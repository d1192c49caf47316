import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import { HttpError } from '../errors.js';
import type { RecentLog } from '../services/recentLog.js';

/** Passes a rejected promise on to the error handler, which Express 4 does not do by itself. */
export function asyncHandler(handler: (req: Request, res: Response) => Promise<void>): RequestHandler {
  return (req, res, next) => {
    handler(req, res).catch(next);
  };
}

/** What no route takes. */
export function notFound(_req: Request, res: Response): void {
  res.status(404).json({ error: 'Not Found' });
}

/** Answers for errors of handlers and of Express itself. */
export function createErrorHandler(log: RecentLog): ErrorRequestHandler {
  return function answerError(problem: unknown, req: Request, res: Response, next: NextFunction): void {
    if (res.headersSent) {
      next(problem);
      return;
    }
    if (problem instanceof HttpError) {
      if (problem.status >= 500) {
        log.warn(`${req.method} ${req.path}: ${problem.message}`);
      }
      res.status(problem.status).json(problem.body());
      return;
    }
    // Express refuses undecodable paths, and body-parser bodies that are too large, with errors of this shape.
    const { status, message } = problem as { status?: number; message?: string };
    if (status !== undefined && status >= 400 && status < 500) {
      res.status(status).json({ success: false, error: message || 'Bad request' });
      return;
    }
    log.error(`${req.method} ${req.path}: ${problem instanceof Error ? problem.stack : String(problem)}`);
    res.status(500).json({ success: false, error: 'Internal server error' });
  };
}
