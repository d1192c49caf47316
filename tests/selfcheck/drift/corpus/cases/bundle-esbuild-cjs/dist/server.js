var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __esm = (fn, res, err) => function __init() {
  if (err) throw err[0];
  try {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  } catch (e) {
    throw err = [e], e;
  }
};
var __commonJS = (cb, mod) => function __require() {
  try {
    return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
  } catch (e) {
    throw mod = 0, e;
  }
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));

// src/format.js
var require_format = __commonJS({
  "src/format.js"(exports2) {
    exports2.format = (base, name) => [base, "legacy", name].join("/");
  }
});

// src/legacy.js
var require_legacy = __commonJS({
  "src/legacy.js"(exports2, module2) {
    "use strict";
    var { format } = require_format();
    module2.exports.legacy = function legacy2(app, options) {
      options.aliases.forEach(function(alias) {
        app.get(format(options.base, alias), function(req, res) {
          res.end();
        });
      });
    };
  }
});

// src/reports.ts
var reports_exports = {};
__export(reports_exports, {
  default: () => reports_default,
  reports: () => reports
});
function reports() {
  const router = express.Router();
  router.get("/:year", (_req, res) => {
    res.end();
  });
  return router;
}
var express, reports_default;
var init_reports = __esm({
  "src/reports.ts"() {
    express = __toESM(require("express"));
    reports_default = reports;
  }
});

// src/index.ts
var import_express2 = __toESM(require("express"));

// src/store.ts
var import_express = require("express");
var StoreController = class {
  constructor(path) {
    this.path = path;
    this.router.get("/", this.list.bind(this));
    this.router.route("/:store").get(this.show).delete(this.show);
  }
  path;
  router = (0, import_express.Router)();
  list(_req, res) {
    res.json([this.path]);
  }
  show = (_req, res) => {
    res.end();
  };
};

// src/index.ts
var import_legacy = __toESM(require_legacy());

// src/settings.json
var settings_default = { base: "/b", port: 3e3, aliases: ["one", "two"] };

// src/index.ts
async function start() {
  const app = (0, import_express2.default)();
  app.use(import_express2.default.json());
  const controllers = [new StoreController("/stores"), new StoreController("/shops")];
  for (const { path, router } of controllers) app.use(path, router);
  (0, import_legacy.legacy)(app, settings_default);
  const { reports: reports2 } = await Promise.resolve().then(() => (init_reports(), reports_exports));
  app.use(`${settings_default.base}/reports`, reports2());
  app.listen(settings_default.port);
}
start().catch((error) => {
  console.error(error);
  process.exit(1);
});
