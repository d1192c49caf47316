const express = require('../shared/express');
const lazy = (load) => load();

module.exports = function setupParent(root) {
  const admin = express('admin');
  admin.use('/api/content', lazy(() => require('./content')()));
  admin.use('/assets', express.static('assets'));
  root.use('/ghost', admin);
  root.use(require('./site')());
};
