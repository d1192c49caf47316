import type { RequestHandler } from 'express';

export class Storage {
  async init(_config: object) {}
}

export class Auth {
  constructor(private config: object) {}
  public apiJWTmiddleware(): RequestHandler {
    return (_req, _res, next) => next();
  }
}
