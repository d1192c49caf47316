import express from 'express';

class Base {
  prefix = '/base';
  router = express.Router();
  constructor() {
    this.setup();
  }
  setup() {
    this.router.get(`${this.prefix}/never`, (req, res) => res.end());
  }
}
class Derived extends Base {
  prefix = '/derived';
  setup() {
    this.router.get(`${this.prefix}/early`, (req, res) => res.end());
    queueMicrotask(() => this.router.get(`${this.prefix}/late`, (req, res) => res.end()));
  }
}
const app = express();
app.use('/o', new Derived().router);
app.listen(3000);
