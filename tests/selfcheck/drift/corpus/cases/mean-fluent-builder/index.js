const express = require('express');

class ResourceBuilder {
  constructor(name) {
    this.name = name;
    this.actions = [];
  }
  get(path = '') {
    return this.#add('get', path);
  }
  post(path = '') {
    return this.#add('post', path);
  }
  #add(verb, path) {
    this.actions.push({ verb, path });
    return this;
  }
}

class ApiBuilder {
  resources = [];
  number = 0;
  version(number) {
    this.number = number;
    return this;
  }
  resource(name, configure) {
    const builder = new ResourceBuilder(name);
    configure(builder);
    this.resources.push(builder);
    return this;
  }
  build() {
    const router = express.Router();
    for (const { name, actions } of this.resources) {
      for (const { verb, path } of actions) {
        router[verb](`/v${this.number}/${name}${path && `/${path}`}`, (req, res) => res.end());
      }
    }
    return router;
  }
}

const app = express();
app.use(
  new ApiBuilder()
    .version(2)
    .resource('keys', (r) => r.get().post().get(':key'))
    .resource('locks', (r) => r.post(':lock/release'))
    .build()
);
app.listen(3000);
