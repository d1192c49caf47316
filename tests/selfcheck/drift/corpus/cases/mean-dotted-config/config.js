const values = { port: 3000, api: { prefix: '/api/v4' }, features: { export: true } };
const lookup = (key) => key.split('.').reduce((node, part) => (node === undefined ? undefined : node[part]), values);
module.exports = {
  get: lookup,
  has: (key) => lookup(key) !== undefined,
};
