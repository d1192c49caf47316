import express from 'express';
import csrf from './csrf.js';
import middleware from './lib/middleware.js';

const config = { site: { baseUrl: '/', port: 8081 }, options: { readOnly: false, gridFSEnabled: true } };

async function bootstrap(settings) {
  const resolved = await middleware(settings);
  settings.site.app = resolved;
  return resolved;
}

const app = express();
bootstrap(config).then((resolved) => {
  app.use(config.site.baseUrl, resolved);
  app.use(csrf());
  app.listen(config.site.port, config.site.host);
});
