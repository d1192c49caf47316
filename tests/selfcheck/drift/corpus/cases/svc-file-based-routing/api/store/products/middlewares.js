exports.GET = () => {};
