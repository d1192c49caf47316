// Stands for a database.
exports.connect = async () => ({ all: async () => [{ slug: 'imprint' }, { slug: 'terms' }] });
