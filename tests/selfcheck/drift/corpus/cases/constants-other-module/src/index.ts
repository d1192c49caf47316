import express from 'express';
import * as paths from './paths';
import { ROUTES, Methods } from './paths';

const app = express();
app.get(ROUTES.users.list, (_q, s) => { s.end(); });
app.get(ROUTES.users['byId'], (_q, s) => { s.end(); });
app.post(paths.LOGIN, (_q, s) => { s.end(); });
app[Methods.remove](ROUTES.users.byId, (_q: any, s: any) => { s.end(); });
app.get(paths.default, (_q, s) => { s.end(); });
app.listen(3000);
