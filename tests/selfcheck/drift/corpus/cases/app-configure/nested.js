module.exports = (app) => {
  app.get('/nested', (req, res) => res.end());
};
