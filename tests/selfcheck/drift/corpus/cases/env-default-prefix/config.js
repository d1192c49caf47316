const { PREFIX = '/api' } = process.env;
module.exports = {
  port: parseInt(process.env.PORT, 10) || 3000,
  prefix: PREFIX,
  other: process.env.OTHER_PREFIX || '/other',
};
