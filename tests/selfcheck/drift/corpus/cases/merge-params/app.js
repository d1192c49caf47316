const express = require('express');
const app = express();

const seats = express.Router({ mergeParams: true, caseSensitive: true });
seats.get('/', (req, res) => res.json({ flight: req.params.flight }));
seats.route('/:seat').get((req, res) => res.end()).patch((req, res) => res.end());

app.use('/flights/:flight/seats', seats);
app.use('/:airline-:number/seats', seats);
app.listen(3000);
