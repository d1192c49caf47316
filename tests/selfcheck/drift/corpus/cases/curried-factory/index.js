const express = require('express');
const makeRouter = require('./make');

const app = express();
const withStore = makeRouter({ store: new Map() });
app.use(withStore({ path: '/stored' }));
app.use('/x', withStore({ path: '/again' }));

function mount(prefix, server, router) {
  server.use(prefix, router);
}
const mountUnderY = mount.bind(null, '/y', app);
mountUnderY(withStore({ path: '/bound' }));
app.listen(3000);
