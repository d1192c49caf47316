"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.playersRouter = playersRouter;
const express_1 = require("express");
function playersRouter() {
    const router = (0, express_1.Router)();
    router.get("/:playerId", async (req, res) => {
        res.json({ id: req.params.playerId });
    });
    return router;
}
