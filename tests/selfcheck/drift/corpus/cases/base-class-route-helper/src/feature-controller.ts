import { Controller } from './controller';

const PATH = '/';
const PATH_FEATURE = `${PATH}:feature`;

export class FeatureController extends Controller {
  constructor(config: object) {
    super(config);

    this.route({ method: 'get', path: PATH, handler: this.getAll });
    this.route({ method: 'post', path: PATH, permission: 'CREATE', handler: this.create });
    this.route({
      method: 'delete',
      path: PATH_FEATURE,
      permission: 'DELETE',
      middleware: [(_req, _res, next) => next()],
      handler: this.remove,
    });
    this.get(`${PATH_FEATURE}/events`, this.getAll);
  }

  async getAll(_req: any, res: any) { res.json([]); }
  async create(_req: any, res: any) { res.sendStatus(201); }
  async remove(_req: any, res: any) { res.sendStatus(204); }
}
