export default (app) => app.get('/beta', (req, res) => res.end());
