// Stands for a package that registers routes on the app that it is given.
exports.installDocs = (app, { path }) => app.get(`${path}/openapi.json`, (req, res) => res.end());
