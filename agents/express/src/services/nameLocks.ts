/** One lock a name, so that requests for the same thing take turns and all others do not wait. */
export class NameLocks {
  private readonly last = new Map<string, Promise<unknown>>();

  async hold<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.last.get(name) === mine) {
        this.last.delete(name);
      }
    }
  }
}
