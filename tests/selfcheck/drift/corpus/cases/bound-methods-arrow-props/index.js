const express = require('express');

class Guard {
  constructor(level) {
    this.level = level;
    this.authenticate = this.authenticate.bind(this);
  }
  authenticate(req, res, next) {
    return req.get('authorization') === this.level ? next() : res.sendStatus(401);
  }
}

class Messages {
  router = express.Router();
  show = (req, res) => res.json({});
  constructor(guard) {
    this.router.use(guard.authenticate);
    this.router.get('/a', this.show);
    this.router.get('/b', this.list.bind(this));
    this.router.get('/c', (...args) => this.list(...args));
  }
  list(req, res) {
    res.json([]);
  }
}

const app = express();
app.use('/m', new Messages(new Guard('x')).router);
app.get('/free', (req, res) => res.end());
app.listen(3000);
