"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.StoreController = void 0;
var express_1 = require("express");
var StoreController = /** @class */ (function () {
    function StoreController(path) {
        this.path = path;
        this.router = (0, express_1.Router)();
        this.show = function (_req, res) {
            res.end();
        };
        this.router.get('/', this.list.bind(this));
        this.router.route('/:store').get(this.show).delete(this.show);
    }
    StoreController.prototype.list = function (_req, res) {
        res.json([this.path]);
    };
    return StoreController;
}());
exports.StoreController = StoreController;
