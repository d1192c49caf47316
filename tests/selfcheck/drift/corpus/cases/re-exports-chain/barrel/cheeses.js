import { Router } from 'express';
const router = Router();
router.get('/soft', (q, s) => s.end());
export { router as default };
