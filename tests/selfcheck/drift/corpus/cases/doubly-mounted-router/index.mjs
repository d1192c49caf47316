import express from 'express';

const status = express.Router();
status.get('/status', (req, res) => res.json({ up: true }));
status.get('/status/:part', (req, res) => res.json({ up: true }));

const v2 = express.Router();
v2.use(status);

const app = express();
app.use('/v1', status);
app.use('/legacy/v1', status);
app.use('/v2', v2);
app.listen(3000);
