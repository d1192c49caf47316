const express = require('express');
const app = express();
const ALIASES = ['/colour', '/color'];

app.get(ALIASES, (req, res) => res.end());
app.post([...ALIASES, '/tint'], (req, res) => res.end());
app.put(['/x', ['/y', '/z/:n']], (req, res) => res.end());

const router = express.Router();
router.get(['/', '/list'], (req, res) => res.json([]));
app.use(['/paint', '/paints'], router);
app.listen(3000);
