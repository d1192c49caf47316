const express = require('express');
const app = express();
const router = express.Router();
const nested = express.Router();

const authenticateToken = (req, res, next) => {
  const token = (req.headers.authorization || '').split(' ')[1];
  if (!token) return res.status(401).json({ error: 'Unauthorized' });
  next();
};

router.get('/public', (req, res) => res.end());
router.use(authenticateToken);
router.get('/private', (req, res) => res.end());
router.post('/private/:id', (req, res) => res.end());
nested.get('/x', (req, res) => res.end());
router.use('/nested', nested);

app.use('/acc', router);
app.get('/outside', (req, res) => res.end());
app.listen(3000);
