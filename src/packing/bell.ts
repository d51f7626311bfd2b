/** Wakes whoever waits for something to change. */
export class Bell {
  #next = Promise.withResolvers<void>();

  ring(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  async rung(): Promise<void> {
    await this.#next.promise;
  }
}
