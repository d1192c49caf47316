"use strict";

var _express = _interopRequireDefault(require("express"));
var _songs = _interopRequireWildcard(require("./songs"));
function _interopRequireWildcard(e, t) { if (e && e.__esModule) return e; var n = { __proto__: null, default: e }; for (const k in e) if (k !== "default") n[k] = e[k]; return n; }
function _interopRequireDefault(e) { return e && e.__esModule ? e : { default: e }; }
const app = (0, _express.default)();
app.use(_songs.PREFIX, _songs.default);
app.listen(_songs.PORT);
