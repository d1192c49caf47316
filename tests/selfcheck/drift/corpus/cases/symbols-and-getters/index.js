import express from 'express';

class Routes {
  static all = [];
  static #prefix = '/static';
  static {
    Routes.all.push([`${Routes.#prefix}/block`, (req, res) => res.end()]);
  }
  get router() {
    const router = express.Router();
    for (const [path, handler] of Routes.all) router.get(path, handler);
    return router;
  }
}

const app = express();
app.use('/got', new Routes().router);
app.listen(3000);
