import { Router } from 'express';
import type { Routes } from './routes.interface';

class AlbumsRoute implements Routes {
  public path = '/albums';
  public router = Router();
  public controller = { find: (_req: any, res: any) => res.json([]) };

  constructor() {
    this.initializeRoutes();
  }

  private initializeRoutes() {
    this.router.get(`${this.path}`, this.controller.find);
    this.router.get(`${this.path}/:id(\\d+)`.replace('(\\d+)', ''), this.controller.find);
  }
}
export default new AlbumsRoute();
