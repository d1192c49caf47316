exports.format = function (base, name) { return [base, 'legacy', name].join('/'); };
