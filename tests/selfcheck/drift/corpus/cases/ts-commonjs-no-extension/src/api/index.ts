import { Application, Router } from 'express';
import v1 from './v1';

export const attach = (target: Application) => {
  const api = Router();
  api.use('/v1', v1);
  target.use('/api', api);
};
