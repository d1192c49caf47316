import ClassesRouter from './ClassesRouter';

export class UsersRouter extends ClassesRouter {
  className() {
    return '_User';
  }
  mountRoutes() {
    this.route('GET', '/users', (req) => this.handleFind(req));
    this.route('PUT', '/users/:objectId', (req) => this.handleFind(req));
  }
}
