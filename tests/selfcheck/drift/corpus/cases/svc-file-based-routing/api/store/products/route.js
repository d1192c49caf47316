exports.GET = (req, res) => res.json([]);
exports.POST = async (req, res) => res.json({});
