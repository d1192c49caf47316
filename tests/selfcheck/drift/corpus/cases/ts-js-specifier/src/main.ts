import express, { type Express, type Request, type Response } from 'express';
import { itemsRouter } from './items/items.router.js';
import { mountMeta } from './meta.js';

const app: Express = express();
app.use('/items', itemsRouter);
mountMeta(app);
app.use((req: Request, res: Response) => {
  res.status(404).json({ error: 'not found' });
});
app.listen(Number(process.env.PORT) || 4000, () => console.log('listening'));
