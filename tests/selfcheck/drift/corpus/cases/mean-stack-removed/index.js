const express = require('express');
const app = express();
const router = express.Router();
router.get('/kept', (req, res) => res.end());
router.get('/kept-too', (req, res) => res.end());
router.get('/removed', (req, res) => res.end());
router.stack.pop();
app.use('/s', router);
app.listen(3000);
