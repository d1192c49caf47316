// Stands for the package: an app of Express that is configured by functions.
const express = require(require.resolve('express', { paths: [process.cwd()] }));
module.exports = Object.assign(() => {
  const app = express();
  app.configure = (callback) => (callback.call(app, app), app);
  return app;
}, express);
