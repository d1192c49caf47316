exports.pets = require('./pets');
exports.owners = require('./owners').router;
