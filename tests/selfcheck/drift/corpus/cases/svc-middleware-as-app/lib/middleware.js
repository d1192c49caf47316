import express from 'express';
import router from './router.js';

export default async function (config) {
  const app = express();
  app.use(express.urlencoded({ extended: true }));
  app.use('/', await router(config));
  return app;
}
