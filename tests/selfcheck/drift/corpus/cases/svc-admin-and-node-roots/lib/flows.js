var runtime;
module.exports = {
  init: function (settings) { runtime = settings; },
  get: function (req, res) { res.json(runtime); },
  post: function (req, res) { res.end(); },
};
