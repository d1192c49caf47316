export { wineRouter as wines } from './wines.js';
import { breadRouter } from './breads.js';
export { breadRouter as breads };
