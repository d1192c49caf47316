const makeApp = require('./app');
const Config = require('./lib/config');

const config = new Config(process.argv, process.env);
makeApp(config, { models: {} }).then((app) => app.listen(config.get('port')));
