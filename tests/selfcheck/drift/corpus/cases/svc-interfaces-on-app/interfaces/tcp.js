module.exports = (app) => ({ start: () => app.get('/tcp/clients', (req, res) => res.json([])) });
