const express = require('express');
const cors = require('cors');
const helmet = require('helmet');
const morgan = require('morgan');
const compression = require('compression');
const cookieParser = require('cookie-parser');
const { rateLimit } = require('express-rate-limit');
const multer = require('multer');

const app = express();
const upload = multer({ dest: 'uploads/' });
app.use(cors(), helmet(), compression(), cookieParser());
app.use(morgan('combined', { skip: (req) => req.path === '/healthz' }));
app.use('/upload', rateLimit({ windowMs: 1000, limit: 5 }));
app.post('/upload', upload.single('file'), (req, res) => res.end());
app.get('/healthz', (req, res) => res.end());
app.listen(3000);
