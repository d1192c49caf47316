"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.StoreController = void 0;
const express_1 = require("express");
class StoreController {
    constructor(path) {
        this.path = path;
        this.router = (0, express_1.Router)();
        this.show = (_req, res) => {
            res.end();
        };
        this.router.get('/', this.list.bind(this));
        this.router.route('/:store').get(this.show).delete(this.show);
    }
    list(_req, res) {
        res.json([this.path]);
    }
}
exports.StoreController = StoreController;
