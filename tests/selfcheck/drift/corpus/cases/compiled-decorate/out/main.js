"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const express_1 = require("express");
const registry_1 = require("./registry");
const zone_controller_1 = require("./zone.controller");
const app = (0, express_1)();
(0, registry_1.bindControllers)(app, [zone_controller_1.ZoneController]);
app.listen(5000);
