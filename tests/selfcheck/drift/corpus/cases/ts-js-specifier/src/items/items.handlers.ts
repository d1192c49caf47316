import type { RequestHandler } from 'express';

export const list: RequestHandler = (_req, res) => {
  res.json([]);
};

export async function replace(req: { params: { itemId: string } }, res: any) {
  res.json({ id: req.params.itemId });
}
