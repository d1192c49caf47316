import type { Express } from 'express';
import { ticketsRouter } from '@/http/tickets/router';

export function mountAll(app: Express, prefix: string) {
  app.use(`${prefix}/tickets`, ticketsRouter);
}
