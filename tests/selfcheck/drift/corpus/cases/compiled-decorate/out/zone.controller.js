"use strict";
var __decorate = (this && this.__decorate) || function (decorators, target, key, desc) {
    var c = arguments.length, r = c < 3 ? target : desc === null ? desc = Object.getOwnPropertyDescriptor(target, key) : desc, d;
    if (typeof Reflect === "object" && typeof Reflect.decorate === "function") r = Reflect.decorate(decorators, target, key, desc);
    else for (var i = decorators.length - 1; i >= 0; i--) if (d = decorators[i]) r = (c < 3 ? d(r) : c > 3 ? d(target, key, r) : d(target, key)) || r;
    return c > 3 && r && Object.defineProperty(target, key, r), r;
};
Object.defineProperty(exports, "__esModule", { value: true });
exports.ZoneController = void 0;
const registry_1 = require("./registry");
let ZoneController = class ZoneController {
    list(req, res) { res.json([]); }
    create(req, res) { res.sendStatus(201); }
};
exports.ZoneController = ZoneController;
__decorate([
    (0, registry_1.Get)("/")
], ZoneController.prototype, "list", null);
__decorate([
    (0, registry_1.Post)("/:zone/records")
], ZoneController.prototype, "create", null);
exports.ZoneController = ZoneController = __decorate([
    (0, registry_1.Controller)("/zones")
], ZoneController);
