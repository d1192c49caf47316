export default (config) => {
  const exp = {};
  exp.view = (req, res) => res.json(config.site);
  exp.add = async (req, res) => res.end();
  return exp;
};
