import { Endpoint } from '../endpoint';

class UploadEndpoint extends Endpoint<{ name: string }> {
  protected readonly method = 'post' as const;
  protected readonly path = '/upload/:bucket';
  protected handle(_req: any, res: any) { res.end(); }
}
Endpoint.registry.push(UploadEndpoint);
