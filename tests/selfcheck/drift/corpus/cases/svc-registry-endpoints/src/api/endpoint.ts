import express, { Router } from 'express';
import { Auth, Storage } from '../services';
import distTags from './dist-tags';
import pkg from './package';
import ping from './ping';
import whoami from './whoami';

export default function (config: object, auth: Auth, storage: Storage): Router {
  const app = express.Router();
  app.param('package', (_req, _res, next) => next());
  app.param('_rev', (_req, _res, next) => next());
  app.use(auth.apiJWTmiddleware());
  app.use(express.json({ strict: false, limit: '10mb' }));

  whoami(app);
  ping(app);
  distTags(app, auth, storage);
  pkg(app, auth, storage, config);
  return app;
}
