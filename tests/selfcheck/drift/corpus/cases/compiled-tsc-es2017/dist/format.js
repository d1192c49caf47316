exports.format = (base, name) => [base, 'legacy', name].join('/');
