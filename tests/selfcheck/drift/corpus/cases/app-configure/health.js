module.exports = function health(app) {
  app.get('/health', (req, res) => res.end());
  app.configure(require('./nested'));
};
