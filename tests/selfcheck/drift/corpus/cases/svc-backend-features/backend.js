import express from 'express';

export const createBackendPlugin = (options) => ({ kind: 'feature', id: options.pluginId, register: options.register });

class Backend {
  #features = [];

  add(feature) {
    this.#features.push(Promise.resolve(feature).then((module) => module.default));
  }

  async start() {
    const app = express();
    const features = await Promise.all(this.#features);
    for (const feature of features) {
      const inits = [];
      feature.register({ registerInit: (init) => inits.push(init) });
      for (const { deps, init } of inits) {
        const values = {};
        for (const [name, key] of Object.entries(deps)) values[name] = this.#service(key, feature, app);
        await init(values);
      }
    }
    app.listen(7007);
  }

  #service(key, feature, app) {
    switch (key) {
      case 'httpRouter':
        return { use: (handler) => app.use(`/api/${feature.id}`, handler) };
      case 'logger':
        return console;
      default:
        throw new Error(`no service ${key}`);
    }
  }
}

export const createBackend = () => new Backend();
