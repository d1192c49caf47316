import express, { Router } from 'express';
import { Paths, Verb } from './enums';

enum Local {
  Ping = '/ping',
}

const app = express();
const router = Router();
router[Verb.Get](Paths.Items, (req: any, res: any) => res.end());
router[Verb.Put](`${Paths.Items}/:item`, (req: any, res: any) => res.end());
app.get(Local.Ping, (req, res) => { res.end(); });
app.get(Local['Ping'] + '/deep', (req, res) => { res.end(); });
app.use(Paths.Root, router);
app.listen(3000);
