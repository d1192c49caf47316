import express from 'express';
import { cheeses, wines as drinks, SHOP } from './barrel/index.js';
import * as all from './barrel/index.js';

const app = express();
app.use(`${SHOP}/cheeses`, cheeses);
app.use(`${SHOP}/wines`, drinks);
app.use(`${SHOP}/breads`, all.breads);
app.listen(1);
