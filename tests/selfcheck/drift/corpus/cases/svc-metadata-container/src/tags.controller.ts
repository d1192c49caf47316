import { Delete, Get, RestController } from './decorators';

@RestController('/tags')
export class TagsController {
  @Get('/')
  async getAll() { return []; }

  @Delete('/:id')
  async remove() { return true; }
}
