module.exports = function (server) {
  server.route('/b').get((req, res) => res.send('b')).delete((req, res) => res.end());
};
