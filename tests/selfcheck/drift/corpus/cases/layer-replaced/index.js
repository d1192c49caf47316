const express = require('express');

const app = express();
const before = express.Router();
const after = express.Router();
before.get('/before', (req, res) => res.end());
after.get('/after', (req, res) => res.end());
before.mark = 'swap';
app.use(before);
const stack = (app._router || app.router).stack;
for (let index = 0; index < stack.length; index += 1) {
  if (stack[index].handle.mark === 'swap') stack[index].handle = after;
}
app.listen(3000);
