import PromiseRouter from './PromiseRouter';

export class ClassesRouter extends PromiseRouter {
  className(req: any) {
    return req.params.className;
  }
  handleFind(req: any) {
    return Promise.resolve([this.className(req)]);
  }
  mountRoutes() {
    this.route('GET', '/classes/:className', (req) => this.handleFind(req));
    this.route('POST', '/classes/:className', () => Promise.resolve({}), (req) => this.handleFind(req));
    this.route('DELETE', '/classes/:className/:objectId', (req) => this.handleFind(req));
  }
}
export default ClassesRouter;
