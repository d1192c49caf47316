exports.__esModule = true;
exports.default = function (app) {
  app.get('/setup', (req, res) => res.end());
};
