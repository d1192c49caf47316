const skPrefix = '/skServer';
module.exports = function (app, save) {
  app.get(`${skPrefix}/settings`, (req, res) => res.json({}));
  app.put(`${skPrefix}/settings`, (req, res) => res.send(save('settings')));
  ['restart', 'debug'].forEach((action) => app.post(`${skPrefix}/${action}`, (req, res) => res.end()));
};
