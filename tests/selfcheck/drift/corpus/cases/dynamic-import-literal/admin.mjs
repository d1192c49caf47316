import { Router } from 'express';
const admin = Router();
admin.get('/users', (req, res) => res.json([]));
export default admin;
