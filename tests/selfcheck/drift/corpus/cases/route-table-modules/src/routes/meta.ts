import type { RouteDefinition } from './types';
export const metaRoutes: RouteDefinition[] = [
  { method: 'get', path: '/about', handlers: [(_req, res) => { res.end(); }] },
];
