// Stands for a package whose handler answers all that is below its prefix.
exports.createEdgeProxy = () => function proxy(req, res, next) { next(); };
