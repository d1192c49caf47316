import { Router } from 'express';
import { API } from './constants';
export default function (route: Router): void {
  route.get(API.ping, (_req, res) => { res.json({}); });
}
