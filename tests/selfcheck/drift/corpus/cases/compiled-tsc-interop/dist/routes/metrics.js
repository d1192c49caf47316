"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.default = (app) => {
    app.get("/metrics", (_req, res) => { res.end(""); });
};
