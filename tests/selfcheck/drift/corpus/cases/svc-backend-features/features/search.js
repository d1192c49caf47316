import express from 'express';
import { createBackendPlugin } from '../backend.js';

const plugin = createBackendPlugin({
  pluginId: 'search',
  register: (env) =>
    env.registerInit({
      deps: { http: 'httpRouter' },
      init: async ({ http }) => http.use(express.Router().get('/query', (req, res) => res.end())),
    }),
});

export { plugin as default };
