import { Router } from 'express';
import { createServiceBuilder, notFoundHandler } from './backend-common';
import catalog from './plugins/catalog';
import scaffolder from './plugins/scaffolder';

function makeCreateEnv(config: { baseUrl: string }) {
  const root = { child: (meta: object) => meta };
  return (plugin: string) => ({ logger: root.child({ plugin }), config, database: { plugin } });
}

async function main() {
  const config = { baseUrl: 'http://localhost:7007' };
  const createEnv = makeCreateEnv(config);
  const catalogEnv = createEnv('catalog');
  const scaffolderEnv = createEnv('scaffolder');

  const apiRouter = Router();
  apiRouter.use('/catalog', await catalog(catalogEnv));
  apiRouter.use('/scaffolder', await scaffolder(scaffolderEnv));
  apiRouter.use(notFoundHandler());

  const service = createServiceBuilder(module)
    .loadConfig(config)
    .addRouter('/api', apiRouter)
    .addRouter('', await import('./plugins/app').then((m) => m.default({})));

  await service.start();
}

main().catch((error) => {
  console.error('Backend failed to start up', error);
  process.exit(1);
});
