const express = require('express');
const app = express();

function define({ path, verbs: [first, ...others] = ['get'], handler = (req, res) => res.end() } = { path: '/default' }) {
  for (const verb of [first, ...others]) app[verb](path, handler);
}
define();
define({ path: '/one' });
define({ path: '/two', verbs: ['post', 'put', 'patch'] });
const [, second = '/none'] = ['/skipped', '/second'];
app.get(second, (req, res) => res.end());
app.listen(3000);
