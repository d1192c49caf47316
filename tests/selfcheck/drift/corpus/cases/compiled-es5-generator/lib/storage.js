"use strict";
var __awaiter = (this && this.__awaiter) || function (thisArg, _arguments, P, generator) {
    return new (P || (P = Promise))(function (resolve, reject) {
        function step(result) { result.done ? resolve(result.value) : Promise.resolve(result.value).then(function (v) { step(generator.next(v)); }, reject); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};
Object.defineProperty(exports, "__esModule", { value: true });
exports.openStorage = openStorage;
var express_1 = require("express");
function openStorage(kind) {
    return __awaiter(this, void 0, void 0, function* () {
        var router = (0, express_1.Router)();
        router.get("/:digest", function (_req, res) { res.end(); });
        router.put("/:digest", function (_req, res) { res.end(); });
        return { kind: kind, router: router };
    });
}
