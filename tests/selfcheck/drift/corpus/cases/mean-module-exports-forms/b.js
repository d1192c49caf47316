Object.assign(module.exports, { b: require('express').Router().get('/', (q, s) => s.end()) });
