const fs = require('fs');
const path = require('path');

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];

class RoutesLoader {
  constructor(app) {
    this.app = app;
  }

  load(root) {
    this.walk(root, '');
  }

  walk(folder, route) {
    const entries = fs.readdirSync(folder, { withFileTypes: true });
    for (const entry of entries) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        this.walk(full, `${route}/${entry.name.replace(/\[(\w+)\]/g, ':$1')}`);
      } else if (/^route\.js$/.test(entry.name)) {
        this.register(route, require(full));
      }
    }
  }

  register(route, module) {
    METHODS.filter((method) => typeof module[method] === 'function').forEach((method) => {
      this.app[method.toLowerCase()](route, module[method]);
    });
  }
}

module.exports = { RoutesLoader };
