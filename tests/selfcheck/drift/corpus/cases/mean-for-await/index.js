import express from 'express';

async function* modules() {
  yield await import('./one.js');
  for (const load of [() => import('./two.js'), () => import('./three.js')]) yield load();
}

const app = express();
for await (const { path, handler } of modules()) {
  app.get(path, handler);
}
app.listen(3000);
