import './routes/eggs.js';
import './routes/milk.js';
import express from 'express';
import { getRouter } from './router.js';

const app = express();
app.use('/farm', getRouter());
app.listen(3000);
