import { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express';

interface RouteOptions {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  path: string;
  permission?: string;
  middleware?: RequestHandler[];
  handler: (req: Request, res: Response) => Promise<void> | void;
}

export class Controller {
  private ownRouter: Router;
  protected config: object;

  constructor(config: object) {
    this.ownRouter = Router();
    this.config = config;
  }

  private useHandler(handler: RouteOptions['handler']): RequestHandler {
    return async (req: Request, res: Response, next: NextFunction) => {
      try {
        await handler.call(this, req, res);
      } catch (error) {
        next(error);
      }
    };
  }

  protected route({ method, path, handler, middleware = [], permission = 'NONE' }: RouteOptions): void {
    this.ownRouter[method](path, checkPermission(permission), ...middleware, this.useHandler(handler));
  }

  protected get(path: string, handler: RouteOptions['handler'], permission?: string): void {
    this.route({ method: 'get', path, handler, permission });
  }

  protected use(path: string, router: Router): void {
    this.ownRouter.use(path, router);
  }

  get router(): Router {
    return this.ownRouter;
  }
}

const checkPermission = (permission: string): RequestHandler => (req, _res, next) => {
  (req as any).permission = permission;
  next();
};
