import express from 'express';
const app = express();
app.get('/convert/:kind', async (req, res) => {
  const { convert } = await import(`./converters/${req.params.kind}.js`);
  res.send(convert(req.query));
});
app.listen(3000);
