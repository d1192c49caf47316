module.exports = {
  list: (req, res) => res.json([]),
  add: (req, res) => res.sendStatus(201),
  moons(req, res) {
    res.json([]);
  },
};
