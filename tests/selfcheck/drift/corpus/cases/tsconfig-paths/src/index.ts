import express from 'express';
import { mountAll } from '@/http/mount';
import { PREFIX } from '~settings';

const app = express();
mountAll(app, PREFIX);
app.listen(3000);
