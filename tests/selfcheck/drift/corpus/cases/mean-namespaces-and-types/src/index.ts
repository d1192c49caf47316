import express, { type Express, type RequestHandler } from 'express';
import Api = require('./api');

namespace Paths {
  export const base = '/ns';
  export namespace Deep {
    export const item = `${base}/items/:item`;
  }
}

const table = {
  '/sat/one': (_q, s) => { s.end(); },
  '/sat/two': (_q, s) => { s.end(); },
} satisfies Record<string, RequestHandler>;

function on(app: Express, path: string): void;
function on(app: Express, path: string, handler: RequestHandler): void;
function on(app: Express, path: string, handler: RequestHandler = (_q, s) => { s.end(); }): void {
  app.get(path, handler);
}

const app = <Express>express();
on(app, Paths.base);
on(app!, Paths.Deep.item as string, (_q, s) => { s.end(); });
(Object.keys(table) as Array<keyof typeof table>).forEach((path) => app.get(path, table[path]));
new Api(app, '/api' as const).install<RequestHandler>((_q, s) => { s.end(); });
app.listen(3000);
