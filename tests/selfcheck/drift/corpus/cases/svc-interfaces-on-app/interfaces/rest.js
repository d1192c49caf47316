module.exports = function (app) {
  const prefix = app.config.apiPath;
  return {
    start() {
      app.get(prefix + '/api/', (req, res) => res.json({}));
      app.get('/signalk', (req, res) => res.json({}));
    },
    stop() {},
  };
};
