const express = require('express');
const app = express();
for (const name of ['good', 'licensed', 'last']) {
  try {
    app.use(`/${name}`, require(`./${name}`));
  } catch (error) {
    console.error(`${name} is left out`, error.message);
  }
}
app.listen(3000);
