// Stands for packages that make middleware of an app, or of a function that gives one when it is needed.
const express = require(require.resolve('express', { paths: [process.cwd()] }));
exports.forHost = (host, app) => express.Router().use(app);
exports.lazily = () => (load) => {
  const lazy = express.Router();
  Promise.resolve(load()).then((loaded) => lazy.use(loaded.default || loaded));
  return lazy;
};
