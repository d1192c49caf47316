import express from 'express';
import PromiseRouter from './PromiseRouter';
import { ClassesRouter } from './ClassesRouter';
import { UsersRouter } from './UsersRouter';

class Service {
  static promiseRouter(appId: string) {
    const routers: PromiseRouter[] = [new ClassesRouter(), new UsersRouter()];
    const routes = routers.reduce((memo, router) => memo.concat(router.routes), [] as any[]);
    const all = new PromiseRouter(routes, appId);
    all.merge(new (class extends PromiseRouter {
      mountRoutes() {
        this.route('GET', '/serverInfo', () => Promise.resolve({}));
      }
    })());
    return all;
  }

  static app(options: { appId: string }) {
    const api = express();
    api.get('/health', (_req, res) => { res.json({ status: 'ok' }); });
    Service.promiseRouter(options.appId).mountOnto(api);
    return api;
  }
}

const app = express();
app.use('/parse', Service.app({ appId: 'x' }));
app.listen(1337);
