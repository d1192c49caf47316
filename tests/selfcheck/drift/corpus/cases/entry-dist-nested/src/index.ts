import express from 'express';
import config from '../config/default.json';

const app = express();
app.get(config.statusPath, (_req, res) => { res.end(); });
app.listen(config.port);
