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
  }
  more() {
    this.router.get(`${this.prefix}/more`, (req, res) => res.end());
    return this;
  }
}
const app = express();
app.use('/o', new Derived().more().router);
app.listen(3000);
