import express from 'express';
import * as routes from './routes/index.js';

export default async function (config) {
  const configured = Object.fromEntries(Object.entries(routes).map(([name, make]) => [name, make(config)]));
  const appRouter = express.Router();

  appRouter.param('database', (req, res, next) => next());
  appRouter.get('/', (req, res) => res.end());
  appRouter
    .get('/db/:database', configured.database.view)
    .post('/', configured.database.add);
  if (config.options.gridFSEnabled) {
    appRouter.get('/db/:database/gridFS/:bucket', configured.gridfs.view);
  }
  if (!config.options.readOnly) {
    appRouter.delete('/db/:database/:collection', configured.database.add);
  }
  return appRouter;
}
