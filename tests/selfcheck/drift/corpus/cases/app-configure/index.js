const { feathers } = require('@feathersjs/feathers');
const express = require('@feathersjs/express');
const health = require('./health');

const app = express(feathers());
app.configure(health).configure((own) => own.get('/version', (req, res) => res.end()));
app.listen(3000);
