type Entry = { method: string; path: string; handler: (req: any) => Promise<unknown> };

export default class PromiseRouter {
  routes: Entry[];
  appId?: string;

  constructor(routes: Entry[] = [], appId?: string) {
    this.routes = routes;
    this.appId = appId;
    this.mountRoutes();
  }

  mountRoutes() {}

  merge(router: PromiseRouter) {
    for (const entry of router.routes) this.routes.push(entry);
  }

  route(method: string, path: string, ...handlers: Entry['handler'][]) {
    switch (method) {
      case 'POST':
      case 'GET':
      case 'PUT':
      case 'DELETE':
        break;
      default:
        throw 'cannot route method: ' + method;
    }
    let handler = handlers[0];
    if (handlers.length > 1) {
      handler = (req) => handlers.reduce((promise, one) => promise.then(() => one(req)), Promise.resolve() as Promise<unknown>);
    }
    this.routes.push({ path, method, handler });
  }

  mountOnto(app: any) {
    this.routes.forEach((entry) => {
      const method = entry.method.toLowerCase();
      const handler = wrap(this.appId, entry.handler);
      app[method].call(app, entry.path, handler);
    });
    return app;
  }
}

const wrap = (_appId: string | undefined, handler: Entry['handler']) => (req: any, res: any, next: any) => {
  handler(req).then((value) => res.json(value), next);
};
