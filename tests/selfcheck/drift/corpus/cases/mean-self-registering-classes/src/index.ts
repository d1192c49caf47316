import express from 'express';
import './endpoints';
import { Endpoint } from './endpoint';

const app = express();
Endpoint.registry.forEach((Type) => new Type().install(app));
app.listen(3000);
