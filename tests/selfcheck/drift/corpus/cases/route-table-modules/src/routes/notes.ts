import type { RouteDefinition } from './types';
const done: RouteDefinition['handlers'][number] = (_req, res) => { res.end(); };
export const noteRoutes: RouteDefinition[] = [
  { method: 'get', path: '/notes', handlers: [done] },
  { method: 'post', path: '/notes', handlers: [done], secure: true },
  { method: 'delete', path: '/notes/:note', handlers: [done], secure: true },
];
