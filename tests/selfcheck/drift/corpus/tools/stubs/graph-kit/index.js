// Stands for a package that makes a router of its own.
const express = require(require.resolve('express', { paths: [process.cwd()] }));
exports.graphRouter = () => express.Router().post('/', (req, res) => res.end()).get('/explorer', (req, res) => res.end());
