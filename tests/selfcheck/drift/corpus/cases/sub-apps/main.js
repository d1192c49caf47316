const express = require('express');

const main = express();
const admin = express();
const secret = express();
const tools = express.Router();

tools.get('/dig/:host', (req, res) => res.end());
secret.use('/tools', tools);
secret.get('/', (req, res) => res.end());
admin.use('/secret', secret);
admin.get('/dashboard', (req, res) => res.end());

admin.on('mount', (parent) => console.log('mounted', parent === main));
main.use(['/admin', '/manager'], admin);
main.listen(3000);
