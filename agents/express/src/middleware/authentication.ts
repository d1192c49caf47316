import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { ConfigurationError, ForbiddenError, UnauthorizedError } from '../errors.js';
import type { Secrets } from '../secrets.js';

/** Lets in whoever shows one of the tokens as a bearer token. */
export function createAuthentication(secrets: Secrets): RequestHandler {
  return function authenticate(req: Request, res: Response, next: NextFunction): void {
    if (!secrets.configured) {
      throw new ConfigurationError();
    }
    const token = bearerToken(req.headers.authorization);
    if (token === '') {
      // RFC 9110, section 11.6.1
      res.set('WWW-Authenticate', 'Bearer');
      throw new UnauthorizedError();
    }
    // Node hands over the bytes of a header as Latin-1.
    if (!secrets.admits(Buffer.from(token, 'latin1'))) {
      throw new ForbiddenError('the token is not valid here.');
    }
    next();
  };
}

/** The credentials of the Bearer scheme, whose name has no case (RFC 9110, section 11.1). */
function bearerToken(header: string | undefined): string {
  const match = /^bearer +(.*?) *$/i.exec(header ?? '');
  return match ? match[1] : '';
}
