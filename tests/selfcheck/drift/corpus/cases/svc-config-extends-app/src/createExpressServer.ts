import express from 'express';
import { createServer } from 'http';
import type { Config } from './core';

export const createExpressServer = async (config: Config, context: object) => {
  const expressServer = express();
  const httpServer = createServer(expressServer);
  expressServer.get('/_healthcheck', (_req, res) => { res.json({ status: 'pass' }); });
  if (config.server?.extendExpressApp) {
    await config.server.extendExpressApp(expressServer, context);
  }
  const lists = Object.fromEntries(Object.entries(config.lists).map(([key, value]) => [key.toLowerCase(), value]));
  for (const name of Object.keys(lists)) {
    expressServer.get(`/lists/${name}s/:id`, (_req, res) => { res.end(); });
  }
  expressServer.post(config.graphql?.path ?? '/graphql', (_req, res) => { res.end(); });
  return { expressServer, httpServer };
};
