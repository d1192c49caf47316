import { Application, Request, RequestHandler, Response, Router } from 'express';
import { AuthService } from './auth.service';
import { Container } from './container';

const BASE = 'CONTROLLER_BASE_PATH';
const ROUTES = 'CONTROLLER_ROUTES';
const REST = 'rest';

interface RouteOptions { skipAuth?: boolean; middlewares?: RequestHandler[] }

export const RestController =
  (basePath: `/${string}` = '/'): ClassDecorator =>
  (target: object) => {
    (Reflect as any).defineMetadata(BASE, basePath, target);
  };

const RouteFactory =
  (method: 'get' | 'post' | 'delete') =>
  (path: `/${string}`, options: RouteOptions = {}): MethodDecorator =>
  (target, handlerName) => {
    const controllerClass = target.constructor;
    const routes = (Reflect as any).getMetadata(ROUTES, controllerClass) ?? [];
    routes.push({ method, path, middlewares: options.middlewares ?? [], handlerName: String(handlerName), skipAuth: options.skipAuth ?? false });
    (Reflect as any).defineMetadata(ROUTES, routes, controllerClass);
  };

export const Get = RouteFactory('get');
export const Post = RouteFactory('post');
export const Delete = RouteFactory('delete');

export const registerController = (app: Application, controllerClass: new () => any) => {
  const controller = Container.get(controllerClass);
  const basePath = (Reflect as any).getMetadata(BASE, controllerClass) as string | undefined;
  if (!basePath) throw new Error(`no base path: ${controllerClass.name}`);
  const routes = (Reflect as any).getMetadata(ROUTES, controllerClass) as any[];
  if (routes.length > 0) {
    const router = Router({ mergeParams: true });
    const prefix = `/${[REST, basePath].join('/')}`.replace(/\/+/g, '/').replace(/\/$/, '');
    const authService = Container.get(AuthService);
    routes.forEach(({ method, path, middlewares, handlerName, skipAuth }) => {
      const handler = async (req: Request, res: Response) => await controller[handlerName](req, res);
      (router as any)[method](path, ...(skipAuth ? [] : [authService.authMiddleware]), ...middlewares, handler);
    });
    app.use(prefix, router);
  }
};
