const express = require('express');
var admin;

function init(settings, server, parent) {
  admin = express.Router();
  var flows = require('./flows');
  flows.init(settings);
  admin.get('/flows', flows.get);
  admin.post('/flows', needsPermission('flows.write'), flows.post);
  admin.get(/^\/nodes\/((@[^\/]+\/)?[^\/]+)$/, needsPermission('nodes.read'), flows.get);
  parent.use(admin);
}

function needsPermission(permission) {
  return function (req, res, next) {
    req.permission = permission;
    next();
  };
}

module.exports = {
  init: init,
  start: async function () {
    admin.get('/settings', (req, res) => res.json({}));
  },
};
