import { Router } from 'express';
export const router = Router().get('/news', (req, res) => res.json([]));
