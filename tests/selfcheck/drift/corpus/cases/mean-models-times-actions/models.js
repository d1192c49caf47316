module.exports = [
  { name: 'story', except: ['destroy'] },
  { name: 'base', abstract: true },
  { name: 'author' },
];
