import { Router } from 'express';
import { Auth, Storage } from '../services';
import { DIST_TAGS_API_ENDPOINTS } from './constants';
export default function (route: Router, _auth: Auth, _storage: Storage): void {
  const tag = (_req: any, _res: any, next: any) => next();
  route.put(DIST_TAGS_API_ENDPOINTS.tagging, express_can('publish'), tag);
  route.put(DIST_TAGS_API_ENDPOINTS.tag, express_can('publish'), tag);
  route.get(DIST_TAGS_API_ENDPOINTS.get_dist_tags, express_can('access'), tag);
}
function express_can(_action: string) {
  return (_req: any, _res: any, next: any) => next();
}
