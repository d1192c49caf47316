import express from 'express';

export default express
  .Router()
  .get('/', (_, res) => res.json([]))
  .get('/:slug/books', (_, res) => res.json([]));
