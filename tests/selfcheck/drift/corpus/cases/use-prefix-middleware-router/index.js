const express = require('express');
const { requireAuth } = require('./security');

const app = express();
const vault = express.Router();
vault.get('/keys', (req, res) => res.json([]));
vault.delete('/keys/:kid', (req, res) => res.end());

const open = express.Router();
open.get('/open', (req, res) => res.end());

const log = (req, res, next) => next();
app.use('/vault', log, requireAuth, express.json(), vault);
app.use(log, open);
app.listen(3000);
