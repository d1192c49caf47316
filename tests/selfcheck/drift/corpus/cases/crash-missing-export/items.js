import { Router } from 'express';
export const items = Router();
items.get('/', (req, res) => res.end());
