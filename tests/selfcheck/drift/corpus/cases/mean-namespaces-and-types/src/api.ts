import type { Express, RequestHandler } from 'express';

class Api {
  constructor(private readonly app: Express, public readonly root: string) {}

  install<T extends RequestHandler>(handler: T): this {
    this.app.put(`${this.root}/put`, handler);
    return this;
  }
}
export = Api;
