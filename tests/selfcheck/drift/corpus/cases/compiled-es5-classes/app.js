"use strict";
var __extends = (this && this.__extends) || (function () {
    var extendStatics = function (d, b) {
        extendStatics = Object.setPrototypeOf ||
            ({ __proto__: [] } instanceof Array && function (d, b) { d.__proto__ = b; }) ||
            function (d, b) { for (var p in b) if (Object.prototype.hasOwnProperty.call(b, p)) d[p] = b[p]; };
        return extendStatics(d, b);
    };
    return function (d, b) {
        extendStatics(d, b);
        function __() { this.constructor = d; }
        d.prototype = b === null ? Object.create(b) : (__.prototype = b.prototype, new __());
    };
})();
var express = require("express");
var Resource = /** @class */ (function () {
    function Resource(path) {
        this.path = path;
        this.router = express.Router();
        this.register();
    }
    Resource.prototype.register = function () {
        this.router.get("/", this.list.bind(this));
    };
    Resource.prototype.list = function (req, res) {
        res.json([]);
    };
    return Resource;
}());
var Invoices = /** @class */ (function (_super) {
    __extends(Invoices, _super);
    function Invoices() {
        return _super.call(this, "/invoices") || this;
    }
    Invoices.prototype.register = function () {
        _super.prototype.register.call(this);
        this.router.post("/:number/void", this.cancel.bind(this));
    };
    Invoices.prototype.cancel = function (req, res) {
        res.sendStatus(202);
    };
    return Invoices;
}(Resource));
var Receipts = /** @class */ (function (_super) {
    __extends(Receipts, _super);
    function Receipts() {
        return _super !== null && _super.apply(this, arguments) || this;
    }
    return Receipts;
}(Resource));
var app = express();
[new Invoices(), new Receipts("/receipts")].forEach(function (resource) {
    app.use(resource.path, resource.router);
});
app.listen(8081);
