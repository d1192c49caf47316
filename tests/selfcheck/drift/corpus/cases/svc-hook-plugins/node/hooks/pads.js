exports.expressCreateServer = (hookName, { app }) => {
  app.get('/p/:pad', (req, res) => res.end());
  app.get('/p/:pad/export/:type', (req, res) => res.end());
};
