module.exports = (app) => {
  app.get('/a', (req, res) => res.send('a'));
};
