const express = require('express');
const app = express();
const end = (req, res) => res.end();
const counter = (() => {
  let n = 0;
  return { next: () => ++n, get value() { return n; } };
})();

app.get(`/step/${counter.next()}`, end);
app.get(`/step/${counter.next()}`, end);
do {
  app.get(`/loop/${counter.value}`, end);
} while (counter.next() < 4);

outer: for (const a of ['x', 'y', 'z']) {
  for (const b of ['1', '2', '3']) {
    if (b === '2') continue outer;
    if (a === 'z') break outer;
    app.get(`/grid/${a}${b}`, end);
  }
}
for (let i = 3; i-- > 0; ) {
  if (i === 1) continue;
  app.get('/down/' + i, end);
}
app.listen(3000);
