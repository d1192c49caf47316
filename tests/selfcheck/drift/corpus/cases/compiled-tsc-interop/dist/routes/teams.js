"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.teams = void 0;
const express_1 = require("express");
exports.teams = (0, express_1.Router)();
exports.teams.get("/", (_req, res) => { res.json([]); });
exports.teams.get("/:teamId/roster", (_req, res) => { res.json([]); });
