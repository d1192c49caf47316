module.exports = { GET: (req, res) => res.json({}), helper: () => 1 };
