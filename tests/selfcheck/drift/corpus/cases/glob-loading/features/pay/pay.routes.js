module.exports = (app) => app.post('/pay', (req, res) => res.end());
