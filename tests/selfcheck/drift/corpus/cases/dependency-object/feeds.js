export default function feeds(deps) {
  for (const format of deps.formats) {
    deps.app.get(`${deps.paths.root}/feed.${format}`, (req, res) => res.end());
  }
}
