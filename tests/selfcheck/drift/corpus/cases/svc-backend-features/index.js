import { createBackend } from './backend.js';

const backend = createBackend();
backend.add(import('./features/kubernetes.js'));
backend.add(import('./features/search.js'));
backend.start();
