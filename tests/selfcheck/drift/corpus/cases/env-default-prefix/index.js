const express = require('express');
const config = require('./config');
const app = express();
const router = express.Router();
router.get('/jobs', (req, res) => res.end());
app.use(config.prefix, router);
app.use(config.other, router);
app.listen(config.port);
