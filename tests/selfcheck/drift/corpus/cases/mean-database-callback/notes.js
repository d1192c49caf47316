module.exports = function (app, db) {
  app.post('/notes', (req, res) => db.insert(req.body, () => res.end()));
  app.get('/notes/:id', (req, res) => db.find(req.params.id, () => res.end()));
};
