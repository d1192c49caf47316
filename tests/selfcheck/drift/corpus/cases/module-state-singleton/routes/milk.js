import { getRouter } from '../router.js';
const router = getRouter();
router.get('/milk', (req, res) => res.end());
export {};
