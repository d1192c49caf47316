import { Get, Post, RestController } from './decorators';

@RestController()
export class LoginController {
  @Post('/login', { skipAuth: true })
  async login() { return {}; }

  @Get('/resolve-signup', { skipAuth: true, middlewares: [(_req, _res, next) => next()] })
  async resolve() { return {}; }
}
