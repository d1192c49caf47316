const express = require('express');
const real = express();
const app = new Proxy(real, {
  get(target, name) {
    if (name !== 'get') return Reflect.get(target, name);
    return (path, ...handlers) => target.get(`/wrapped${path}`, ...handlers);
  },
});
real.get('/real', (req, res) => res.end());
app.get('/one', (req, res) => res.end());
real.listen(3000);
