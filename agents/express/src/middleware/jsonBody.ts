import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import { BadRequestError } from '../errors.js';

// Far above any real request; what a caller sends is held in memory.
const readBytes = express.raw({ type: () => true, limit: '1mb' });
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads the body as a JSON object, whatever its Content-Type says. */
export function jsonBody(req: Request, res: Response, next: NextFunction): void {
  readBytes(req, res, (problem?: unknown) => {
    if (problem) {
      next(problem);
      return;
    }
    try {
      req.body = objectOf(req.body);
    } catch (refusal) {
      next(refusal);
      return;
    }
    next();
  });
}

function objectOf(bytes: unknown): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.isBuffer(bytes) ? decoder.decode(bytes) : '');
  } catch {
    throw new BadRequestError('The request body is no valid JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRequestError('The request body must be a JSON object.');
  }
  return value as Record<string, unknown>;
}
