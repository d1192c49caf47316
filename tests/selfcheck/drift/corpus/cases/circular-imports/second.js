const owner = require('./app');
const first = require('./first');
exports.prefix = '/second';
owner.app.get(exports.prefix + '/:n', (req, res) => res.json({ first: first.prefix }));
