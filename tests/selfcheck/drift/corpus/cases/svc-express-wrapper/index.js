const express = require('./shared/express');
const mount = require('./web/parent');

const root = express('root');
mount(root);
root.listen(2368);
