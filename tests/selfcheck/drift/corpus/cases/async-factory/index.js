const express = require('express');
const { buildApi, buildDocs } = require('./build');

async function main() {
  const app = express();
  app.use('/api', await buildApi());
  const [docs, extra] = await Promise.all([buildDocs('d'), Promise.resolve(express.Router().get('/e', (q, s) => s.end()))]);
  app.use('/docs', docs);
  app.use('/extra', extra);
  await buildDocs('later').then((router) => app.use('/later', router));
  return app;
}

main()
  .then((app) => app.listen(3000))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
