export function createDsl(app) {
  const prefixes = [];
  const full = (path) => [...prefixes, path].map((part) => part.replace(/^\/|\/$/g, '')).filter((part) => part !== '').reduce((all, part) => `${all}/${part}`, '');
  const add = (verb) => (path, ...handlers) => app[verb](full(path), ...handlers);
  return {
    group(prefix, body) {
      prefixes.push(prefix);
      try {
        body();
      } finally {
        prefixes.pop();
      }
    },
    get: add('get'),
    post: add('post'),
  };
}
