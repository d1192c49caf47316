import { Router as createRouter } from 'express';
export const wineRouter = createRouter();
wineRouter.get('/red', (q, s) => s.end());
