module.exports = function () {
  return module.exports.router;
};
module.exports.router = require('express').Router().get('/', (q, s) => s.end());
