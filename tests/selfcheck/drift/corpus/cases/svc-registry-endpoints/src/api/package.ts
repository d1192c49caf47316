import { Router } from 'express';
export default function (route: Router, auth: unknown, storage: unknown, config: object): void {
  route.get('/:package/-/:filename', (_req, res) => { res.end(); });
  route.get('/:package/:version?', (_req, _res, next) => { next(); });
}
