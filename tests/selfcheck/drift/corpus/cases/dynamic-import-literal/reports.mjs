export const install = (app) => app.get('/reports/:year', (req, res) => res.json({}));
