"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.default = exports.PREFIX = exports.PORT = void 0;
var _express = require("express");
const PREFIX = exports.PREFIX = '/songs';
const PORT = exports.PORT = 7000;
const router = (0, _express.Router)();
router.get('/:title', (req, res) => res.end());
router.get('/', function () {
  var _ref = async function (req, res) {
    res.json([]);
  };
  return function (_x, _x2) {
    return _ref.apply(this, arguments);
  };
}());
var _default = exports.default = router;
