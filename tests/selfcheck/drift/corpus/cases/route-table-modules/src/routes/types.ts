import type { RequestHandler } from 'express';
export interface RouteDefinition {
  method: 'get' | 'post' | 'delete';
  path: string;
  handlers: RequestHandler[];
  secure?: boolean;
}
