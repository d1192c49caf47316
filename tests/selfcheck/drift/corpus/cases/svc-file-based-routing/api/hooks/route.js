exports.POST = (req, res) => res.end();
