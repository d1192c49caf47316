import express from 'express';
import { items, archive } from './items.js';

const app = express();
app.use('/items', items);
app.use('/archive', archive);
app.listen(3000);
