const { Container } = require('./container');
const express = require('express');

const container = new Container();
container.register('app', () => express());
container.register('clock', () => ({ now: () => 0 }));
container.register('timeRouter', (c) => require('./time-router')({ clock: c.get('clock') }));
container.register('server', (c) => {
  const app = c.get('app');
  app.use('/time', c.get('timeRouter'));
  return app;
});

container.get('server').listen(3000);
