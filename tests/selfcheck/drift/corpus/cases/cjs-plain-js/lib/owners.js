const { Router } = require('express');
const router = new Router();
router.get('/:ownerId', (req, res) => res.json({}));
exports.router = router;
