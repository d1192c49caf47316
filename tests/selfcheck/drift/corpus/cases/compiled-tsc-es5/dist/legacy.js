'use strict';
var format = require('./format').format;
module.exports.legacy = function legacy(app, options) {
    options.aliases.forEach(function (alias) {
        app.get(format(options.base, alias), function (req, res) {
            res.end();
        });
    });
};
