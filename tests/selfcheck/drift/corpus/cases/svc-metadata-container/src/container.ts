type Class<T> = new (...args: any[]) => T;

export class Container {
  private static instances = new Map<Class<unknown>, unknown>();

  static get<T>(type: Class<T>): T {
    if (!this.instances.has(type)) this.instances.set(type, new type());
    return this.instances.get(type) as T;
  }
}
