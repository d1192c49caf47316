require('../lib/wrap');
const mustBeAuthenticated = require('../middleware/must-be-authenticated.js');
const router = require('express').Router();
const wrap = require('../lib/wrap');

async function listUsers(req, res) {
  return res.json([]);
}

router.get('/api/users', mustBeAuthenticated, wrap(listUsers));
router.post('/api/users', mustBeAuthenticated, wrap(async (req, res) => res.json({})));
module.exports = router;
