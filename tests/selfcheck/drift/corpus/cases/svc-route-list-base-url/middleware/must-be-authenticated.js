module.exports = function mustBeAuthenticated(req, res, next) {
  if (!req.user) return res.status(401).json({ title: 'Unauthorized' });
  next();
};
