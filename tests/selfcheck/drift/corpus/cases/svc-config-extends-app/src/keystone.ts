import { config, list } from './core';

export default config({
  lists: { Post: list({ fields: { title: 'text' } }) },
  server: {
    port: 3000,
    extendExpressApp: (app, context) => {
      app.get('/rest/tasks', async (_req, res) => { res.json(Boolean(context)); });
    },
  },
});
