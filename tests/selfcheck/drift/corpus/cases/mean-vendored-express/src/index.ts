import web, { createRouter, type WebApp } from './vendor';
import * as vendor from './vendor';

const app: WebApp = web();
const one = createRouter();
const two = vendor.web.Router();
one.get('/one', (_q, s) => { s.end(); });
two.get('/two', (_q, s) => { s.end(); });
app.use('/v', one, two);
app.use(vendor.default.json());
app.listen(3000);
