import express from 'express';

async function* modules() {
  yield await import('./one.js');
  for (const load of [() => import('./two.js'), () => import('./three.js')]) yield load();
}

const app = express();
for await (const { path, handler } of modules()) {
  app.get(path, handler);
}
const outcomes = await Promise.allSettled([import('./one.js'), Promise.reject(new Error('no'))]);
for (const outcome of outcomes) {
  if (outcome.status === 'fulfilled') app.head(outcome.value.path + '/head', outcome.value.handler);
}
app.listen(3000);
