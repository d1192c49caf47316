import { build } from './server.js';
export const SETTINGS = { base: '/svc' };
build().listen(3000);
