const { Router, ...rest } = require('express');
const app = rest.application ? require('express')() : null;

const comments = Router();
const posts = Router();
const blogs = Router();

blogs.use('/:blog/posts', posts);
app.use('/blogs', blogs);
posts.use('/:post/comments', comments);
comments.get('/:comment', (req, res) => res.json({}));
posts.get('/', (req, res) => res.json([]));
blogs.get('/', (req, res) => res.json([]));

app.listen(3000);
