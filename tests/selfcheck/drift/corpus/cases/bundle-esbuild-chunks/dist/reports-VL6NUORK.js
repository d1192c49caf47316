import "./chunk-TRTQSARU.js";

// src/reports.ts
import * as express from "express";
function reports() {
  const router = express.Router();
  router.get("/:year", (_req, res) => {
    res.end();
  });
  return router;
}
var reports_default = reports;
export {
  reports_default as default,
  reports
};
