import 'reflect-metadata';
import express from 'express';
import { registerController } from './decorators';
import { TagsController } from './tags.controller';
import { LoginController } from './login.controller';

const app = express();
for (const controller of [TagsController, LoginController]) registerController(app, controller);
app.listen(5678);
