const express = require('../shared/express');
module.exports = () => {
  const site = express('site');
  site.get('/rss', (req, res) => res.end());
  return site;
};
