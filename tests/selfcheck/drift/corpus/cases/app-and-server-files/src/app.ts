import express from 'express';
import helmet from 'helmet';

const app = express();
app.use(helmet());
app.get('/livez', (_req, res) => res.sendStatus(200) as any);
app.head('/livez', (_req, res) => res.sendStatus(200) as any);
export default app;
