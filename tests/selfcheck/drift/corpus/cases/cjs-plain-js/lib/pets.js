'use strict';

var router = require('express').Router();

router
  .get('/', function (req, res) { res.json([]); })
  .post('/', function (req, res) { res.sendStatus(201); });

router.delete('/:petId', function (req, res) { res.sendStatus(204); });

module.exports = router;
