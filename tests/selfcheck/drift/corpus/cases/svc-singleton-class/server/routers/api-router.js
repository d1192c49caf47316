let express = require('express');
let router = express.Router();

let cache = (duration) => (req, res, next) => next();

router.get('/api/entry-page', async (request, response) => response.json({}));
router.all('/api/push/:token', async (request, response) => response.json({}));
router.get('/api/badge/:id/uptime', cache('5 minutes'), async (request, response) => response.end());

module.exports = router;
