import { Router } from 'express';
const make = (path: string) => ({ path, router: Router().delete(`${path}/:track`, (_req, res) => { res.end(); }) });
export default make('/tracks');
