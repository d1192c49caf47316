const express = require('express');

class Controller {
  get path() {
    const name = this.constructor.name.replace(/Controller$/, '');
    return '/' + name.charAt(0).toLowerCase() + name.slice(1).replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase());
  }
  routes() {
    return [];
  }
}
class UserSettingsController extends Controller {
  routes() {
    return [...super.routes(), { verb: 'get', path: '/', handler: this.list }];
  }
  list(req, res) {
    res.end();
  }
}
class JobsController extends Controller {
  routes() {
    return [{ verb: 'post', path: '/:job/run', handler: (req, res) => res.end() }];
  }
}

const app = express();
for (const Type of [UserSettingsController, JobsController]) {
  const controller = new Type();
  const router = express.Router();
  controller.routes().forEach((route) => router[route.verb](route.path, route.handler.bind(controller)));
  app.use(controller.path, router);
}
app.listen(3000);
