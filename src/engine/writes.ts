/** Steps on their way to being final: written in order, a moment after the next one has been asked for. */

/**
 * What is asked goes out first: where a write must be confirmed before anything leaves, the next step would wait for it.
 * Steps that are drawn within the same moment are written together.
 */
export class Writes {
  readonly #later: () => Promise<void>;
  readonly #pending: (() => void)[] = [];
  #isWaiting = false;
  #failure: { readonly error: unknown } | null = null;

  /** @param later ends once what was asked for has gone out. */
  constructor(later: () => Promise<void>) {
    this.#later = later;
  }

  /** @param write makes one step final. */
  add(write: () => void): void {
    this.#pending.push(write);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    void this.#later().then(() => {
      this.#isWaiting = false;
      try {
        this.now();
      } catch (error) {
        this.#failure = { error };
      }
    });
  }

  /** Writes all that is drawn, at once. @throws what any write has thrown, and then writes no more. */
  now(): void {
    this.check();
    for (let write = this.#pending.shift(); write; write = this.#pending.shift()) {
      try {
        write();
      } catch (error) {
        this.#pending.length = 0;
        throw error;
      }
    }
  }

  /** @throws what a write has thrown. */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
