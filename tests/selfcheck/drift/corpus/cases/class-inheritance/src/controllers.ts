import { BaseController } from './base';

export class FruitController extends BaseController {
  get path() {
    return '/fruits';
  }

  protected initialize() {
    super.initialize();
    this.router.get('/:fruit', (_req, res) => { res.end(); });
  }
}

export class NutController extends BaseController {
  constructor(private readonly where: string) {
    super();
  }

  get path() {
    return this.where;
  }

  protected initialize() {
    this.router.get('/:nut/crack', (_req, res) => { res.end(); });
    super.initialize();
  }
}
