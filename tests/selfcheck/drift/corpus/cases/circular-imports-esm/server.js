import express from 'express';
import { install } from './plugin.js';
export const register = (router, path) => router.get(path, (req, res) => res.end());
export function build() {
  const app = express();
  install(app);
  return app;
}
