import express from 'express';
let instance = null;
export function getRouter() {
  if (!instance) {
    instance = express.Router();
  }
  return instance;
}
