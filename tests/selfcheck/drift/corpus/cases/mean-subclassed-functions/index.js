const express = require('express');
const app = express();

function api(path, handler) {
  api.count++;
  return app.get(api.prefix + path, handler);
}
api.count = 0;
api.prefix = '/fn';
api.post = function (path, handler) {
  return app.post(this.prefix + path, handler);
};

const verbs = new Map([['read', app.get], ['write', app.put]]);
api('/a', (req, res) => res.end());
api.post('/b', (req, res) => res.end());
verbs.get('read').call(app, '/map/read', (req, res) => res.end());
Reflect.apply(verbs.get('write'), app, ['/map/write', (req, res) => res.end()]);
const { get, post: create } = bindAll(app, ['get', 'post']);
get('/bound/get', (req, res) => res.end());
create('/bound/post', (req, res) => res.end());
app.listen(3000);

function bindAll(target, names) {
  return Object.fromEntries(names.map((name) => [name, target[name].bind(target)]));
}
