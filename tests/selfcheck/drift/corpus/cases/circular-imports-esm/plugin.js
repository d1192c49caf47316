import { register } from './server.js';
export function install(app) {
  register(app, '/plugin');
}
