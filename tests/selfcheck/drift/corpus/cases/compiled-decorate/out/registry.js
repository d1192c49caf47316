"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.bindControllers = exports.Post = exports.Get = exports.Controller = void 0;
const express_1 = require("express");
const Controller = (prefix) => (target) => {
    target.prefix = prefix;
};
exports.Controller = Controller;
const verb = (method) => (path) => (target, key) => {
    const holder = target.constructor;
    if (!holder.routes)
        holder.routes = [];
    holder.routes.push({ method, path, key });
};
exports.Get = verb("get");
exports.Post = verb("post");
function bindControllers(app, controllers) {
    for (const Type of controllers) {
        const instance = new Type();
        const router = (0, express_1.Router)();
        for (const route of Type.routes) {
            router[route.method](route.path, instance[route.key].bind(instance));
        }
        app.use(Type.prefix, router);
    }
}
exports.bindControllers = bindControllers;
