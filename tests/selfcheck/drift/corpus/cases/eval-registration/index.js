const express = require('express');
const app = express();
app.get('/plain', (req, res) => res.end());
eval("app.get('/evaluated', (req, res) => res.end())");
new Function('server', "server.get('/made', (req, res) => res.end())")(app);
app.listen(3000);
