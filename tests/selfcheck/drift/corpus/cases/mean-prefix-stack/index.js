import express from 'express';
import { createDsl } from './dsl.js';

const app = express();
const { group, get, post } = createDsl(app);

group('/admin', () => {
  get('/stats', (req, res) => res.end());
  group('/users/:user', () => {
    get('/', (req, res) => res.end());
    post('ban', (req, res) => res.end());
  });
});
get('/top', (req, res) => res.end());
app.listen(3000);
