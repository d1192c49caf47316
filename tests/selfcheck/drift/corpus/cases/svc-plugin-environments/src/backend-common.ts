import express, { Router, type RequestHandler } from 'express';

class ServiceBuilderImpl {
  private port: number | undefined;
  private routers: [string, Router][];

  constructor(private readonly owner: NodeModule) {
    this.routers = [];
  }

  loadConfig(config: { baseUrl: string }) {
    this.port = Number(new URL(config.baseUrl).port);
    return this;
  }

  addRouter(root: string, router: Router) {
    this.routers.push([root, router]);
    return this;
  }

  async start() {
    const app = express();
    app.use(express.json());
    for (const [root, route] of this.routers) {
      app.use(root, route);
    }
    return new Promise((resolve) => {
      const server = app.listen(this.port, () => resolve(server));
    });
  }
}

export const createServiceBuilder = (owner: NodeModule) => new ServiceBuilderImpl(owner);

export function notFoundHandler(): RequestHandler {
  return (_req, res, _next) => {
    res.status(404).send();
  };
}
