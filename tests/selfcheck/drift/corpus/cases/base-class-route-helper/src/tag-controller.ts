import { Controller } from './controller';

export class TagController extends Controller {
  constructor(config: object) {
    super(config);
    this.get('/:type', this.list);
    this.use('/nested', new NestedController(config).router);
  }

  private list = (_req: any, res: any) => res.json([]);
}

class NestedController extends Controller {
  constructor(config: object) {
    super(config);
    this.get('/deep', (_req, res) => { res.end(); });
  }
}
