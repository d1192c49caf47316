// Stands for the package: an app without a server.
exports.feathers = () => ({});
