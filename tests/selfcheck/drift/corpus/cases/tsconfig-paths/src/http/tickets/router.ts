import { Router } from 'express';
export const ticketsRouter = Router();
ticketsRouter.get('/:ticket', (req, res) => { res.json({ id: req.params.ticket }); });
