/** What one generation's run has settled on: its class, and who holds the cache of which picture. */
import type { Endpoint } from "./endpoint.ts";
import type { Numerics, RoutingTerms } from "./terms.ts";

export class Run {
  /** Tells runs apart in the queues. */
  readonly id: number;
  readonly terms: RoutingTerms;
  /** The class of what has been drawn so far. */
  #home: string | null;
  /** Strict ones: the class that calls under way have been sent to, before any has ended well. */
  #bound: string | null = null;
  #underWay = 0;
  readonly #holders = new Map<string, Endpoint>();

  constructor(id: number, terms: RoutingTerms) {
    this.id = id;
    this.terms = terms;
    this.#home = terms.homeClass;
  }

  /** The class that a relaxed run prefers; null: it has none yet. */
  get home(): string | null {
    return this.#home;
  }

  /** What its steps need. A strict run is bound to a class by the first call it makes, whatever its groups do at once. */
  get numerics(): Numerics {
    const { numerics } = this.terms;
    if (numerics.kind !== "exact") return numerics;
    const name = this.#home ?? this.#bound;
    return name === null ? numerics : { kind: "class", name, exact: true };
  }

  /** @returns what to tell when the call is over: whether its answer ended well */
  stepAsked({ class: name }: Endpoint): (isAnswered: boolean) => void {
    this.#bound ??= name;
    this.#underWay++;
    return (isAnswered) => {
      this.#underWay--;
      // A relaxed run that had to leave its class stays in the new one.
      if (isAnswered) this.#home = name;
      if (this.#underWay === 0) this.#bound = null;
    };
  }

  holderOf(prefixKey: string): Endpoint | null {
    return this.#holders.get(prefixKey) ?? null;
  }

  holds(endpoint: Endpoint, prefixKeys: readonly string[]): void {
    for (const key of prefixKeys) this.#holders.set(key, endpoint);
  }
}
