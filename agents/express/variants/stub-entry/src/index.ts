import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import { loadConfig } from './config.js';
import { createAuthentication } from './middleware/authentication.js';
import { notFound } from './middleware/errorHandling.js';
import { jsonBody } from './middleware/jsonBody.js';
import { VERSION } from './version.js';

const config = loadConfig(process.env);
const authenticate = createAuthentication(config.secrets);
const app = express();

app.get('/', (_req, res) => {
  res.json({
    service: 'Droplet Tool Management Agent (DTMA)',
    version: VERSION,
    status: 'running',
    endpoints: ['GET /status - Health check', 'GET /tools - List tool instances', 'POST /tools - Deploy a tool'],
  });
});

app.get('/status', (_req, res) => {
  res.json({
    status: 'healthy',
    timestamp: new Date().toISOString(),
    version: VERSION,
    service: 'DTMA',
    environment: {
      hasAuthToken: config.secrets.hasAuthToken,
      hasApiKey: config.secrets.hasApiKey,
      hasApiBaseUrl: config.hasApiBaseUrl,
      port: String(config.port),
    },
    tool_instances: [],
  });
});

app.get('/tools', authenticate, (_req, res) => {
  res.json({ tools: [] });
});

app.post('/tools', authenticate, jsonBody, (req, res) => {
  console.log(`${new Date().toISOString()} INFO deploy of ${req.body.instanceNameOnToolbox} accepted`);
  res.json({
    status: 'accepted',
    instanceNameOnToolbox: req.body.instanceNameOnToolbox,
    note: 'Tool deployment is not implemented in this build.',
  });
});

app.use(notFound);
app.use((problem: { status?: number; error?: string }, _req: Request, res: Response, _next: NextFunction) => {
  res.status(problem.status ?? 500).json({ error: problem.error ?? 'Internal server error' });
});

app.listen(config.port, config.host, () => {
  console.log(`${new Date().toISOString()} INFO DTMA listening on port ${config.port}`);
});
