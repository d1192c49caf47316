const holder = require('./app');
holder.app.get('/more', (req, res) => res.end());
