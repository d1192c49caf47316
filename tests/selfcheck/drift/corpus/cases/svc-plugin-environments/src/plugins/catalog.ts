import { Router } from 'express';

class CatalogBuilder {
  static create(env: object) {
    return new CatalogBuilder(env);
  }
  private constructor(private readonly env: object) {}
  async build() {
    const router = Router();
    router
      .get('/entities', async (_req, res) => { res.json([]); })
      .get('/entities/by-name/:kind/:namespace/:name', async (_req, res) => { res.json({}); });
    return { processingEngine: { start: async () => undefined }, router };
  }
}

export default async function createPlugin(env: object): Promise<Router> {
  const builder = CatalogBuilder.create(env);
  const { processingEngine, router } = await builder.build();
  await processingEngine.start();
  return router;
}
