export { default as cheeses } from './cheeses.js';
export * from './more.js';
export const SHOP = '/shop';
