const express = require('express');
const app = express();
app.use('/a', require('./a').router);
app.use('/b', require('./b').b);
app.use('/c', require('./c')['the router']);
app.use('/d', require('./d')());
require('./e').install(app);
app.listen(3000);
