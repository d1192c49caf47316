import config from './keystone';
import { createExpressServer } from './createExpressServer';

const main = async () => {
  const { expressServer } = await createExpressServer(config, { db: true });
  expressServer.listen(3000);
};
void main();
