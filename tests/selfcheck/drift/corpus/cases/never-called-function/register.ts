import type { Express } from 'express';

export function registerPublic(app: Express) {
  app.get('/public', (_req, res) => { res.end(); });
}

export function registerAdmin(app: Express) {
  app.get('/admin/users', (_req, res) => { res.end(); });
  app.delete('/admin/users/:user', (_req, res) => { res.end(); });
}
