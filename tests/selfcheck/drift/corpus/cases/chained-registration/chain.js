require('express')()
  .set('json spaces', 2)
  .use(require('cors')())
  .get('/a', (req, res) => res.end())
  .post('/b', (req, res) => res.end())
  .use('/c', require('express').Router().get('/d', (req, res) => res.end()))
  .listen(3000);
