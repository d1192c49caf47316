import { Router } from 'express';
import * as handlers from './items.handlers.js';

export const itemsRouter: Router = Router({ strict: true });

itemsRouter.get('/', handlers.list);
itemsRouter.put('/:itemId', handlers.replace as any);
