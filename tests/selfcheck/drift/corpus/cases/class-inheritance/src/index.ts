import express from 'express';
import { FruitController, NutController } from './controllers';

const app = express();
const controllers = [new FruitController(), new NutController('/nuts')];
for (const controller of controllers) controller.attach(app);
app.listen(3000);
