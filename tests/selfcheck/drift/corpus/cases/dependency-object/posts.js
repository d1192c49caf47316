export default ({ app, paths, services: { posts } }) => {
  app.get(paths.of('posts'), (req, res) => res.json(posts.all()));
  app.get(paths.of('posts/:slug'), (req, res) => res.end());
};
