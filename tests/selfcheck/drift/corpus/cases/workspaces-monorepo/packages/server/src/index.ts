import express from 'express';
import { basketRouter } from '@shop/basket';
import { couponRouter } from '@shop/basket/coupons';

const app = express();
app.use('/basket', basketRouter);
app.use('/coupons', couponRouter);
app.listen(3000);
