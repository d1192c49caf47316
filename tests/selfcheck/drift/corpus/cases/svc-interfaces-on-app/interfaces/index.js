module.exports = {
  rest: require('./rest'),
  tcp: require('./tcp'),
};
