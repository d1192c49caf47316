const express = require('express');
const app = express();
const verifyToken = (req, res, next) => (req.headers.authorization ? next() : res.sendStatus(401));
const end = (req, res) => res.end();

const tree = {
  path: '',
  children: [
    { path: 'about', get: end },
    {
      path: 'staff',
      use: [verifyToken],
      children: [
        { path: 'rota', get: end },
        { path: 'pay', children: [{ path: ':month', get: end }] },
      ],
    },
  ],
};

function walk(node, prefix = '', guards = []) {
  const path = node.path ? `${prefix}/${node.path}` : prefix;
  const all = guards.concat(node.use || []);
  if (node.get) app.get(path, ...all, node.get);
  (node.children || []).forEach((child) => walk(child, path, all));
}
walk(tree);
app.listen(3000);
