const express = require('express');
const app = express();
const router = express.Router();

const requireAuth = (req, res, next) => (req.headers.authorization ? next() : res.sendStatus(401));
const can = (...roles) => [requireAuth, (req, res, next) => (roles.includes(req.role) ? next() : res.sendStatus(403))];
const secured = (verb, path, roles, ...rest) => router[verb](path, can(...roles), ...rest);

router.get('/open', (req, res) => res.end());
secured('get', '/admin', ['admin'], (req, res) => res.end());
secured('post', '/edit/:id', ['admin', 'editor'], express.json(), (req, res) => res.end());
app.use('/r', router);
app.listen(3000);
