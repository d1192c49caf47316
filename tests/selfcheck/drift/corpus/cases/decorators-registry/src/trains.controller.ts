import { Controller, Delete, Get } from './decorators';

@Controller('/trains')
export class TrainsController {
  @Get()
  list(_req: any, res: any) { res.json([]); }

  @Get('/:train')
  show(_req: any, res: any) { res.json({}); }

  @Delete('/:train')
  remove(_req: any, res: any) { res.end(); }
}
