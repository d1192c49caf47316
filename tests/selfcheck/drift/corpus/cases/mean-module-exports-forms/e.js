this.install = function (app) {
  app.get('/e', (q, s) => s.end());
};
