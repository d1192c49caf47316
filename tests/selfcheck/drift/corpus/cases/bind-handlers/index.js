const express = require('express');
const app = express();
const router = express.Router();
const get = app.get.bind(app);
const args = ['/applied', (req, res) => res.end()];

get('/bound', (req, res) => res.end());
router.post.apply(router, args);
router.get.call(router, '/called', (req, res) => res.end());
app.use.call(app, '/r', router);
app.put(...args);
app.listen(3000);
