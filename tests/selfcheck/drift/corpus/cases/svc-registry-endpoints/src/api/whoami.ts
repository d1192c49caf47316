import { Router } from 'express';
import { API } from './constants';
export default (route: Router): void => {
  route.get(API.whoami, (_req, res, next) => { next(); });
};
