import express, { Router, type Express } from 'express';

interface Options { port: number }

export class Server {
  readonly app: Express = express();
  #admin = Router();
  private static readonly PREFIX = '/s';

  static create(options: Options) {
    return new Server(options);
  }

  private constructor(private readonly options: Options) {
    this.middleware();
    this.routes();
    this.#mountAdmin();
  }

  private middleware() {
    this.app.use(express.json());
  }

  private routes() {
    const { app } = this;
    app.get(`${Server.PREFIX}/info`, (_req, res) => { res.end(); });
    app.post('/echo', this.echo);
  }

  #mountAdmin() {
    this.#admin.get('/', (_req, res) => { res.end(); });
    this.app.use('/admin', this.#admin);
  }

  private echo = (req: any, res: any) => res.json(req.body);

  async start() {
    await new Promise<void>((resolve) => this.app.listen(this.options.port, () => resolve()));
  }
}
