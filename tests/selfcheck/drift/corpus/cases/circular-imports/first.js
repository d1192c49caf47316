const { app } = require('./app');
const second = require('./second');
exports.prefix = '/first';
app.get(exports.prefix, (req, res) => res.json({ second: second.prefix }));
