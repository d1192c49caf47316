import { Controller, Post } from './decorators';

@Controller('/stations')
export class StationsController {
  @Post()
  add(_req: any, res: any) { res.sendStatus(201); }
}
