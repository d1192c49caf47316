const express = require('express');
const users = express.Router();
users.get('/:id', (req, res) => res.json({ id: req.params.id }));
users.get('/me', (req, res) => res.end());
users.put('/me', (req, res) => res.end());
users.get('/:id/posts/:post', async (req, res) => { res.json({}); });
users.get('/:id/posts/latest', (req, res) => res.end());

const app = express();
app.use('/users', users);
app.listen(3000);
