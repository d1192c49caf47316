const express = require('express');
const app = express();

app
  .route('/lamps')
  .all((req, res, next) => next())
  .get((req, res) => res.json([]))
  .post(express.json(), (req, res) => res.end());

const lamp = app.route('/lamps/:lamp');
lamp.get((req, res) => res.json({}));
if (lamp) {
  lamp.delete((req, res) => res.end());
}
lamp['put']((req, res) => res.end());

app.listen(3000);
