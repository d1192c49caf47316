import { Router } from 'express';

export default function crud(name, { readOnly = false } = {}) {
  const router = Router();
  const one = `/:${name}Id`;
  router.get('/', (req, res) => res.json([]));
  router.get(one, (req, res) => res.json({}));
  if (!readOnly) {
    router.post('/', (req, res) => res.end());
    router.delete(one, (req, res) => res.end());
  }
  return router;
}

crud.ping = (path) => {
  const router = Router();
  router.get(path, (req, res) => res.end());
  return router;
};
