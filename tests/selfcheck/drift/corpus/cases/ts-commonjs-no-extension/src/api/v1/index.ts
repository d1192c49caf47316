import { Router, Request, Response } from 'express';

const v1 = Router();
v1.get('/ping', (_: Request, res: Response) => void res.send('pong'));
v1.options('/ping', (_: Request, res: Response) => void res.end());
export default v1;
