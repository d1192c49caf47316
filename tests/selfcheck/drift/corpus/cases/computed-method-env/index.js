const express = require('express');
const app = express();
app.get('/known', (req, res) => res.end());
app[process.env.HOOK_METHOD]('/hook', (req, res) => res.end());
app.listen(3000);
