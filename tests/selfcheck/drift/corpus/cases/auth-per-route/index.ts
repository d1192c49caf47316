import express, { type RequestHandler } from 'express';

const app = express();
const requireAuth = (scope: string): RequestHandler => (req, res, next) => {
  if (req.headers.authorization?.startsWith(`Bearer ${scope}`)) next();
  else res.sendStatus(403);
};
const isAuthenticated: RequestHandler = (req, res, next) => (req.headers.authorization ? next() : res.sendStatus(401));

app.get('/a', requireAuth('read'), (_req, res) => { res.end(); });
app.delete('/b', isAuthenticated, (_req, res) => { res.end(); });
app.get('/open', (_req, res) => { res.end(); });
app.use('/console', requireAuth('console'));
app.get('/console/logs', (_req, res) => { res.end(); });
app.get('/consoles', (_req, res) => { res.end(); });
app.listen(3000);
