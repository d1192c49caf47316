import express from 'express';
import { registerControllers } from './decorators';
import { TrainsController } from './trains.controller';
import { StationsController } from './stations.controller';

const app = express();
registerControllers(app, [TrainsController, StationsController]);
app.listen(3000);
