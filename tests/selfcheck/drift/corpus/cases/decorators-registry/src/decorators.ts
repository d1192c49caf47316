import { Express, Router } from 'express';

type Meta = { verb: 'get' | 'post' | 'delete'; path: string; name: string };
const routesOf = new Map<Function, Meta[]>();
const prefixOf = new Map<Function, string>();

export function Controller(prefix: string) {
  return function (target: Function) {
    prefixOf.set(target, prefix);
  };
}

function make(verb: Meta['verb']) {
  return (path = '/') =>
    function (target: object, name: string, _descriptor: PropertyDescriptor) {
      const list = routesOf.get(target.constructor) ?? [];
      list.push({ verb, path, name });
      routesOf.set(target.constructor, list);
    };
}

export const Get = make('get');
export const Post = make('post');
export const Delete = make('delete');

export function registerControllers(app: Express, classes: Array<new () => any>) {
  for (const Class of classes) {
    const controller = new Class();
    const router = Router();
    for (const { verb, path, name } of routesOf.get(Class) ?? []) {
      router[verb](path, (req, res, next) => controller[name](req, res, next));
    }
    app.use(prefixOf.get(Class)!, router);
  }
}
