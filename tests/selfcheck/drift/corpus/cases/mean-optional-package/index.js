const express = require('express');
const app = express();

let sharp = null;
try {
  sharp = require('not-installed-image-kit');
} catch {
  sharp = null;
}
app.get('/images/:image', (req, res) => res.json({ resized: Boolean(sharp) }));
app.get('/status', (req, res) => res.end());
app.listen(3000);
