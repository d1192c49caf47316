const { Dashboard } = require('./dashboard');

console.log('starting');
const server = Dashboard.getInstance();
const app = (module.exports.app = server.app);

(async () => {
  await Promise.all([server.initDatabase(), server.loadHtml()]);
  app.get('/', async (req, res) => res.redirect('/dashboard'));
  app.get('/setup-info', (req, res) => res.json({}));

  const apiRouter = require('./routers/api-router');
  app.use(apiRouter);
  app.use(require('./routers/status-router'));

  server.start();
})();
