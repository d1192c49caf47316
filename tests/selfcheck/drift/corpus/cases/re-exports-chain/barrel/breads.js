import express from 'express';
const { Router: make } = express;
export const breadRouter = make();
breadRouter.get('/rye', (q, s) => s.end());
