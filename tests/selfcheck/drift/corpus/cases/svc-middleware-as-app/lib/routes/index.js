export { default as database } from './database.js';
export { default as gridfs } from './gridfs.js';
