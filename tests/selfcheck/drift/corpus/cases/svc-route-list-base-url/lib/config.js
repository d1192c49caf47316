const items = [
  { key: 'baseUrl', envVar: 'APP_BASE_URL', default: '' },
  { key: 'port', envVar: 'APP_PORT', default: 80 },
];

class Config {
  constructor(argv, env) {
    this.values = {};
    items.forEach((item) => {
      this.values[item.key] = item.default;
    });
  }
  get(key) {
    if (!(key in this.values)) throw new Error(`config item ${key} not defined`);
    return this.values[key];
  }
}

module.exports = Config;
