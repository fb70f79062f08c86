/** The prefix cache: keys and values of steps already taken, bounded in bytes, least recently used out first. */

/** What one step of one row leaves for the steps after it: [blocks, 1, heads, L_k, width] each. */
export interface State {
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

export class PrefixCache {
  readonly #most: number;
  readonly #states = new Map<string, State>();
  #bytes = 0;

  /** @param most the most bytes of keys and values held; 0: nothing is held */
  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes of keys and values held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** States held now. */
  get size(): number {
    return this.#states.size;
  }

  /**
   * @param names digests of a row's steps, first step first
   * @returns their states, undefined where there is none
   */
  find(names: readonly string[]): (State | undefined)[] {
    // From the last back: of a row's steps the early ones, which all the others need, leave last.
    for (const name of names.toReversed()) {
      const state = this.#states.get(name);
      if (state === undefined) continue;
      this.#states.delete(name);
      this.#states.set(name, state);
    }
    return names.map((name) => this.#states.get(name));
  }

  /**
   * Keeps a state, unless it alone is more than the cache may hold.
   *
   * @param name its digest
   * @param state kept as it is, not copied
   */
  keep(name: string, state: State): void {
    this.#drop(name);
    if (bytesOf(state) > this.#most) return;
    this.#states.set(name, state);
    this.#bytes += bytesOf(state);
    for (const oldest of this.#states.keys()) {
      if (this.#bytes <= this.#most) return;
      this.#drop(oldest);
    }
  }

  #drop(name: string): void {
    const state = this.#states.get(name);
    if (state === undefined) return;
    this.#states.delete(name);
    this.#bytes -= bytesOf(state);
  }
}

function bytesOf(state: State): number {
  return state.keys.byteLength + state.values.byteLength;
}
