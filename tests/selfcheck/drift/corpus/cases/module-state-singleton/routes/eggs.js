import { getRouter } from '../router.js';
getRouter().get('/eggs', (req, res) => res.end());
