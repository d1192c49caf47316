import { Application, Router } from 'express';

export abstract class BaseController {
  protected router = Router();
  abstract get path(): string;

  attach(app: Application) {
    this.initialize();
    app.use(this.path, this.router);
  }

  protected initialize(): void {
    this.router.get('/health', this.health.bind(this));
  }

  protected health(_req: any, res: any) {
    res.json({ path: this.path });
  }
}
