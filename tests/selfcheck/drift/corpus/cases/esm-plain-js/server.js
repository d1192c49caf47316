import express from 'express';
import { createServer } from 'node:http';
import books from './routes/books.js';
import authors from './routes/authors.js';

const app = express();
app.disable('x-powered-by');
app.use(express.json({ limit: '1mb' }));

app.get('/', (req, res) => res.json({ name: 'library' }));
app.use('/books', books);
app.use('/authors', authors);

createServer(app).listen(process.env.PORT ?? 8080);
