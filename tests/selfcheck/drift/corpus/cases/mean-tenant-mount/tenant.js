const express = require('express');
const shared = express.Router();
shared.get('/shared/info', (req, res) => res.end());

exports.shared = shared;
exports.makeTenant = (options) => {
  const { billing = true, ...rest } = options ?? {};
  const router = express.Router({ mergeParams: true });
  router.get('/home', (req, res) => res.json(rest));
  if (billing) router.use('/billing', billingRouter());
  router.use(shared);
  return router;
};

function billingRouter() {
  const router = express.Router({ mergeParams: true });
  return router.get('/invoices/:invoice', (req, res) => res.end());
}
