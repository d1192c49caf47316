import express from 'express';
import crud from './crud.js';

const app = express();
app.use('/dogs', crud('dog'));
app.use('/cats', crud('cat', { readOnly: true }));
app.use(crud.ping('/ping'));
app.listen(3000);
