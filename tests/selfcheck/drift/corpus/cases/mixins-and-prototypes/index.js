const express = require('express');

function Api(app) {
  this.app = app;
}
Api.prototype.mount = function () {
  this.app.get('/proto', (req, res) => res.end());
  return this;
};
Object.assign(Api.prototype, {
  extra() {
    this.app.get('/assigned', (req, res) => res.end());
    return this;
  },
});

const WithStatus = (Base) =>
  class extends Base {
    status() {
      this.app.get('/mixed', (req, res) => res.end());
      return this;
    }
  };
class Full extends WithStatus(Api) {}

const app = express();
new Full(app).mount().extra().status();
app.listen(3000);
