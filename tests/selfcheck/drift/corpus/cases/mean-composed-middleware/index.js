const express = require('express');
const app = express();
const compose = (...fns) => (req, res, next) => fns.reduceRight((done, fn) => () => fn(req, res, done), next)();
const a = (req, res, next) => next();

const one = express.Router().get('/one', (req, res) => res.end());
const two = express.Router().get('/two', (req, res) => res.end());
app.use('/many', compose(a, a), [[one], two]);
app.use(compose(a), [one]);
app.use(['/p', '/q'], a, two);
app.listen(3000);
