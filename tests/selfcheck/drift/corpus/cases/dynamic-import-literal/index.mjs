import express from 'express';

const app = express();
const { default: admin } = await import('./admin.mjs');
app.use('/admin', admin);

const reports = await import('./reports.mjs');
reports.install(app);

import('./late.mjs').then((module) => app.use('/late', module.router));

app.listen(3000);
