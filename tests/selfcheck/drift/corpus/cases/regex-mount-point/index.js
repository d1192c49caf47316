const express = require('express');
const app = express();
const router = express.Router();
router.get('/users/:id', (req, res) => res.end());
router.get('/', (req, res) => res.end());
app.use(/^\/v[12]/, router);
app.use(['/plain', /^\/(?:alt|other)/], router);
app.listen(3000);
