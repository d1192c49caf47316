'use strict';
Object.defineProperty(exports, '__esModule', { value: true });
const { Router } = require('express');
const router = Router();
router.get('/open', (req, res) => res.json([]));
exports.default = router;
