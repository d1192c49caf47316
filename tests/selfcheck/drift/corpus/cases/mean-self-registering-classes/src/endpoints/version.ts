import { Endpoint } from '../endpoint';

export class VersionEndpoint extends Endpoint {
  static {
    this.register(VersionEndpoint);
  }
  protected readonly method = 'get' as const;
  protected readonly path = '/version';
  protected handle(_req: any, res: any) { res.end(); }
}
