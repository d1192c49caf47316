export default () => ({ view: (req, res) => res.end() });
