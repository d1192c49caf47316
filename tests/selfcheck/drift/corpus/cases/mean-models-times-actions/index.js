const express = require('express');
const models = require('./models');

const ACTIONS = {
  index: ['get', ''],
  show: ['get', '/:id'],
  create: ['post', ''],
  destroy: ['delete', '/:id'],
};

const plural = (name) => (name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`);
const app = express();

models
  .filter((model) => !model.abstract)
  .sort((a, b) => a.name.localeCompare(b.name))
  .flatMap(({ name, except = [] }) =>
    Object.entries(ACTIONS)
      .filter(([action]) => !except.includes(action))
      .map(([action, [verb, suffix]]) => ({ verb, path: `/${plural(name)}${suffix}`, action }))
  )
  .forEach(({ verb, path, action }) => app[verb](path, (req, res) => res.end(action)));

app.listen(3000);
