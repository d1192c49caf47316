class Container {
  constructor() {
    this.factories = {};
    this.instances = {};
  }
  register(name, factory) {
    this.factories[name] = factory;
    return this;
  }
  get(name) {
    if (!(name in this.instances)) {
      this.instances[name] = this.factories[name](this);
    }
    return this.instances[name];
  }
}
exports.Container = Container;
