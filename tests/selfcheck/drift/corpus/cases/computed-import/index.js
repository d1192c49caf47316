import express from 'express';
const app = express();
app.get('/core', (req, res) => res.end());
const { default: plugin } = await import(`./plugins/${process.env.PLUGIN}.js`);
plugin(app);
app.listen(3000);
