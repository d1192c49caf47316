const express = require('express');
const app = express();
const { makeTenant, shared } = require('./tenant');
app.use('/t/:tenant', makeTenant());
app.use('/self', makeTenant({ billing: false }));
app.use(shared);
app.listen(3000);
