import express, { Router } from 'express';
export { Router as createRouter, express as web };
export type { Express as WebApp } from 'express';
export default express;
