import express from 'express';
import document from './openapi.json';
import * as handlers from './handlers';

type Operation = { operationId: keyof typeof handlers; security?: unknown[] };
const METHODS = new Set(['get', 'put', 'post', 'delete', 'patch']);

const app = express();
for (const [path, item] of Object.entries(document.paths)) {
  const url = document.servers[0].url + path.replace(/\{(\w+)\}/g, ':$1');
  for (const [method, operation] of Object.entries(item)) {
    if (!METHODS.has(method)) continue;
    const { operationId } = operation as unknown as Operation;
    (app as any)[method](url, handlers[operationId]);
  }
}
app.listen(3000);
