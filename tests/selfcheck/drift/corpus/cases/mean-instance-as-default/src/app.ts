import express from 'express';
import albums from './albums.routes';
import tracks from './tracks.routes';
import type { Routes } from './routes.interface';

class App {
  public app: express.Application;
  public env: string;

  constructor(routes: Routes[]) {
    this.app = express();
    this.env = 'test';
    this.initializeRoutes(routes);
  }

  public getServer() {
    return this.app;
  }

  private initializeRoutes(routes: Routes[]) {
    routes.forEach((route) => {
      this.app.use('/', route.router);
    });
  }
}

export const app = new App([albums, tracks]).getServer();
