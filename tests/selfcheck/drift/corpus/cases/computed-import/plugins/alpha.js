export default (app) => app.get('/alpha', (req, res) => res.end());
