export function authMiddleware(req, res, next) {
  if (req.get('authorization') !== `Bearer ${process.env.TOKEN}`) {
    res.status(401).json({ error: 'Unauthorized' });
    return;
  }
  next();
}
