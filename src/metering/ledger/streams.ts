/** Which event streams each key has open: leases in memory, renewed by who holds them, so that a dead one is forgotten. */

/** A stream that nobody has renewed for so long has died with whoever held it. */
const LEASE_MS = 60_000;

/** By key and stream until when; lost with the object, and made again by the renewals that follow. */
export class Streams {
  readonly #keys = new Map<string, Map<string, number>>();

  /** Counts a new stream, unless its key has as many as it may; again is as once. */
  open(apiKey: string, stream: string, limit: number, nowMs: number): boolean {
    const open = this.count(apiKey, nowMs);
    if (open >= limit && !this.#keys.get(apiKey)?.has(stream)) return false;
    this.renew(apiKey, stream, nowMs);
    return true;
  }

  renew(apiKey: string, stream: string, nowMs: number): void {
    const open = this.#keys.get(apiKey) ?? new Map<string, number>();
    this.#keys.set(apiKey, open.set(stream, nowMs + LEASE_MS));
  }

  close(apiKey: string, stream: string): void {
    const open = this.#keys.get(apiKey);
    open?.delete(stream);
    if (open?.size === 0) this.#keys.delete(apiKey);
  }

  /** How many are open; forgets those that have died. */
  count(apiKey: string, nowMs: number): number {
    for (const [stream, untilMs] of this.#keys.get(apiKey) ?? []) {
      if (untilMs <= nowMs) this.close(apiKey, stream);
    }
    return this.#keys.get(apiKey)?.size ?? 0;
  }
}
