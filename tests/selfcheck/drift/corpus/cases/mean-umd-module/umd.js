(function (root, factory) {
  if (typeof define === 'function' && define.amd) {
    define(['exports', 'express'], factory);
  } else if (typeof exports === 'object') {
    factory(exports, require('express'));
  } else {
    factory((root.umd = {}), root.express);
  }
})(this, function (exports, express) {
  exports.create = function (options) {
    var router = express.Router();
    router.get('/flat', function (req, res) { res.end(); });
    options.deep && router.get('/deep/:level', function (req, res) { res.end(); });
    return router;
  };
});
