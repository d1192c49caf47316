import type { Application } from 'express';

export function mountMeta(app: Application): void {
  app.get('/meta/version', (_req, res) => {
    res.json({ version: 1 });
  });
}
