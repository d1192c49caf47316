const = require(;
