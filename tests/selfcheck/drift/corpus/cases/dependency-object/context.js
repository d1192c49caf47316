export const createContext = (app, { root, port = 3000 }) => ({
  app,
  port,
  paths: { root, of: (name) => `${root}/${name}` },
  services: { posts: { all: () => [] } },
});
