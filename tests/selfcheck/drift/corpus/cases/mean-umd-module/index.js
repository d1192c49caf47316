const app = require('express')();
app.use('/umd', require('./umd').create({ deep: true }));
app.listen(3000);
