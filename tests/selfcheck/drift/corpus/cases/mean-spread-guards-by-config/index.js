const express = require('express');
const app = express();
const config = { log: true, ...(process.env.AUTH ? { auth: true } : {}) };
const log = (req, res, next) => next();
const requireAuth = (req, res, next) => (req.headers.authorization ? next() : res.sendStatus(401));

app.get('/spread', ...(config.log ? [log] : []), ...(config.auth ? [requireAuth] : []), (req, res) => res.end());
app.use('/mounted', [config.auth && requireAuth, log].filter(Boolean), express.Router().get('/x', (req, res) => res.end()));
app.listen(3000);
