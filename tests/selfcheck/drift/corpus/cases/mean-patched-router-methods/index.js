const express = require('express');
const app = express();

function asyncRouter(options) {
  const router = express.Router(options);
  for (const method of ['get', 'post', 'delete']) {
    const original = router[method];
    router[method] = (path, ...handlers) => {
      original.call(router, path, ...handlers.map((handler) => (req, res, next) => Promise.resolve(handler(req, res, next)).catch(next)));
      return router;
    };
  }
  return router;
}

const router = asyncRouter({ mergeParams: true });
router.get('/w', async (req, res) => res.end()).post('/w', async (req, res) => res.end());
router.put('/plain', (req, res) => res.end());
app.use('/patched', router);
app.listen(3000);
