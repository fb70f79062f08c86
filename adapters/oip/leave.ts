/** An async iterator that closes its source at once when left, also before its first value or during a wait. */

/**
 * Async generators run their `finally` only once started, and queue a `return` behind a `next` under way;
 * neither will do for a connection that costs money while it is open.
 *
 * @param values a generator over the source
 * @param leave closes the source; called when the consumer leaves early, perhaps more than once
 * @returns the same values
 */
export function leavable<T>(values: AsyncGenerator<T, void>, leave: () => void): AsyncIterableIterator<T> {
  return {
    next: () => values.next(),
    return: async () => {
      leave();
      await values.return().catch(() => {});
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
