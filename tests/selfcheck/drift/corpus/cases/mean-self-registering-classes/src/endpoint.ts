import type { Express, Request, Response } from 'express';

export abstract class Endpoint<TBody = unknown> {
  static readonly registry: Array<new () => Endpoint> = [];

  protected static register(type: new () => Endpoint): void {
    Endpoint.registry.push(type);
  }

  protected abstract readonly method: 'get' | 'post';
  protected abstract readonly path: string;
  protected abstract handle(req: Request<any, any, TBody>, res: Response): void;

  install(app: Express): void {
    app[this.method](this.path, (req: Request, res: Response) => this.handle(req as any, res));
  }
}
