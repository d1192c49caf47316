import express, { Application } from 'express';
import apiEndpoint from './api/endpoint';
import { Auth, Storage } from './services';

const defineAPI = function (config: { url_prefix: string }, storage: Storage): Application {
  const auth = new Auth(config);
  const app: Application = express();
  app.use(function (req, res, next) {
    res.setHeader('x-powered-by', 'registry');
    next();
  });
  app.use(apiEndpoint(config, auth, storage));
  app.get('/-/static/*', function (_req, res, next) { next(); });
  return app;
};

export default (async function startServer() {
  const storage = new Storage();
  await storage.init({});
  return defineAPI({ url_prefix: '/' }, storage);
})().then((app) => app.listen(4873));
