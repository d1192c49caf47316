import express from 'express';
const app = express();
const outcomes = await Promise.allSettled([import('./one.js'), import('./broken.js')]);
for (const outcome of outcomes) {
  if (outcome.status === 'fulfilled') app.head(outcome.value.path + '/head', outcome.value.handler);
}
app.get('/sure', (req, res) => res.end());
app.listen(3000);
