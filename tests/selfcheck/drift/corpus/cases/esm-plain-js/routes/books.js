import { Router } from 'express';

const router = Router();

router.get('/', (req, res) => res.json([]));
router.post('/', (req, res) => res.status(201).json(req.body));
router.get('/:isbn', (req, res) => res.json({ isbn: req.params.isbn }));
router.patch('/:isbn', (req, res) => res.sendStatus(204));

export default router;
