import { Router } from 'express';
import { createBackendPlugin } from '../backend.js';

export default createBackendPlugin({
  pluginId: 'kubernetes',
  register(env) {
    env.registerInit({
      deps: { http: 'httpRouter', logger: 'logger' },
      async init({ http, logger }) {
        const router = Router();
        router.post('/services/:serviceId', (req, res) => res.end());
        router.get('/clusters', (req, res) => res.end());
        http.use(router);
        logger.info?.call(logger, 'kubernetes ready');
      },
    });
  },
});
