import express from 'express';
import { installDocs } from 'auto-docs';
const app = express();
app.get('/own', (_req, res) => { res.end(); });
installDocs(app, { path: '/docs' });
app.listen(3000);
