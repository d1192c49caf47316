import express, { RequestHandler } from 'express';
import { routes } from './routes';
import { requireAuth } from './auth';

const app = express();
const api = express.Router();
routes.forEach(({ method, path, handlers, secure }) => {
  const chain: RequestHandler[] = secure ? [requireAuth, ...handlers] : handlers;
  (api as any)[method](path, ...chain);
});
app.use('/api', api);
app.listen(3000);
