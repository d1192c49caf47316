import type { RequestHandler } from 'express';
export const listPets: RequestHandler = (_req, res) => { res.json([]); };
export const createPet: RequestHandler = (_req, res) => { res.status(201).end(); };
export const showPet: RequestHandler = (_req, res) => { res.json({}); };
