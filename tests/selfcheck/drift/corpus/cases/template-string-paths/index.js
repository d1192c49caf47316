import express from 'express';
import { API, versioned } from './paths.js';

const app = express();
const major = 3;
app.get(`${API}/info`, (req, res) => res.end());
app.get(`/v${major}/info`, (req, res) => res.end());
app.get(versioned(major + 1, 'info'), (req, res) => res.end());
app.get(`${API}/${'nested'}/:${'id'}`, (req, res) => res.end());
app.listen(3000);
