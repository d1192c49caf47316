import {
  __commonJS,
  __toESM
} from "./chunk-TRTQSARU.js";

// src/format.js
var require_format = __commonJS({
  "src/format.js"(exports) {
    exports.format = (base, name) => [base, "legacy", name].join("/");
  }
});

// src/legacy.js
var require_legacy = __commonJS({
  "src/legacy.js"(exports, module) {
    "use strict";
    var { format } = require_format();
    module.exports.legacy = function legacy2(app, options) {
      options.aliases.forEach(function(alias) {
        app.get(format(options.base, alias), function(req, res) {
          res.end();
        });
      });
    };
  }
});

// src/index.ts
import express from "express";

// src/store.ts
import { Router } from "express";
var StoreController = class {
  constructor(path) {
    this.path = path;
    this.router.get("/", this.list.bind(this));
    this.router.route("/:store").get(this.show).delete(this.show);
  }
  path;
  router = Router();
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
  const app = express();
  app.use(express.json());
  const controllers = [new StoreController("/stores"), new StoreController("/shops")];
  for (const { path, router } of controllers) app.use(path, router);
  (0, import_legacy.legacy)(app, settings_default);
  const { reports } = await import("./reports-VL6NUORK.js");
  app.use(`${settings_default.base}/reports`, reports());
  app.listen(settings_default.port);
}
start().catch((error) => {
  console.error(error);
  process.exit(1);
});
