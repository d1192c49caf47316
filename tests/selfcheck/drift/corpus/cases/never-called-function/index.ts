import express, { Express } from 'express';
import { registerPublic } from './register';

const app = express();
registerPublic(app);
app.listen(3000);

function oldRoutes(server: Express) {
  server.get('/old', (_req, res) => { res.end(); });
}
export { oldRoutes };
