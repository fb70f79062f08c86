/** Random faults, all of them made of a seed: which endpoints fail in a phase, and what befalls which answer. */

import { philox } from "../../../kernels/edge/philox.ts";
import { type Random, randomOf } from "../../random.ts";
import type { Director, Fleet, Member } from "../endpoints/fleet.ts";
import { type Asked, STEPS } from "../proxy/asked.ts";
import { ACTS, type Act, FATAL, type Fault } from "../proxy/fault.ts";
import type { FaultRecord } from "./record.ts";

/** How an endpoint is for a while: well, failing now and then, or dead in one way. */
export type Health = "well" | "shaky" | Death;
type Death = "shut" | "silent" | "busy" | "resetting";

const DEATHS: readonly Death[] = ["shut", "silent", "busy", "resetting"];
/** Of the answers of a shaky endpoint. */
const SPOILT = 0.3;
/** A phase whose endpoint is shut has an end; this is later. */
const FOR_EVER_MS = 3_600_000;

const MEANING: Record<Exclude<Death, "shut">, Act> = {
  silent: { kind: "hang" },
  busy: { kind: "burst", ms: 50 },
  resetting: { kind: "reset", at: "head" },
};

export interface Phase {
  readonly what: string;
  readonly health: ReadonlyMap<string, Health>;
  /** Classes of which an endpoint is well. */
  readonly alive: readonly string[];
  /** To each picture that may leave its class that class is lost, from a step of its own on. */
  readonly losesClasses: boolean;
}

/** What can be the matter with a fleet. Each leaves every picture an endpoint that is well; of a class it may leave none. */
const KINDS = [
  "classes are lost in the middle",
  "one of a class fails",
  "one of each class fails",
  "one is dead",
  "a class is dead",
  "one is left",
] as const;

/** Those that one class alone can meet. */
const ALONE = KINDS.filter((kind) => kind !== KINDS[0] && kind !== "a class is dead");

/** @param index its place in the run: the kinds come in turn, so that a short run has met them all. */
export function phaseOf(random: Random, index: number, { members, classes }: Fleet): Phase {
  const kinds = classes.size > 1 ? KINDS : ALONE;
  const kind = kinds[index % kinds.length]!;
  const health = new Map<string, Health>(members.map(({ name }) => [name, "well"]));
  const order = shuffled(random, [...classes.values()]).map((ones) => shuffled(random, ones));
  const death = () => random.pick(DEATHS);
  const set = (ones: readonly Member[], how: () => Health) => {
    for (const { name } of ones) health.set(name, how());
  };
  const [first, second] = [order[0]!, order[1] ?? []];
  if (kind === "one of a class fails") set(first.slice(1), () => "shaky");
  if (kind === "one of each class fails") for (const ones of order) set(ones.slice(1), () => "shaky");
  if (kind === "one is dead") {
    set(first.slice(1, 2), death);
    set(second.slice(1), () => "shaky");
  }
  if (kind === "a class is dead") {
    set(first, death);
    set(second.slice(1), () => "shaky");
  }
  if (kind === "one is left") set(order.flat().slice(1), death);
  const alive = [...classes]
    .filter(([, ones]) => ones.some(({ name }) => health.get(name) === "well"))
    .map(([numerics]) => numerics);
  const told = [...health].filter(([, how]) => how !== "well").map(([name, how]) => `${name} ${how}`);
  const losesClasses = kind === KINDS[0];
  return { what: [kind, ...told].join(", "), health, alive, losesClasses };
}

/** What befalls which answer: of the seed, the generation's number, the step and the attempt, and of nothing else. */
export class Weather implements Director {
  readonly #seed: number;
  readonly record: FaultRecord;
  readonly #fleet: Fleet;
  #phase: Phase | null = null;
  /** The callers' numbers of generations, by their corruption seeds. */
  readonly #numbers = new Map<string, number>();
  /** Those of pictures that may leave their class. */
  readonly #relaxed: ReadonlySet<number>;
  /** The class of whoever was asked for step 0 last. */
  readonly #homes = new Map<string, string>();
  readonly #attempts = new Map<string, number>();

  /** @param relaxed numbers of the pictures that may leave their class. */
  constructor(seed: number, fleet: Fleet, relaxed: ReadonlySet<number>, record: FaultRecord) {
    this.#relaxed = relaxed;
    this.#seed = seed;
    this.#fleet = fleet;
    this.record = record;
  }

  /** Begins a phase; the one before is over, with its ports open again. */
  begin(phase: Phase): void {
    this.#phase = phase;
    for (const { name, proxy } of this.#fleet.members) {
      if (phase.health.get(name) !== "shut") continue;
      proxy.shut(FOR_EVER_MS);
      this.record.count("port shut for a phase");
    }
  }

  decide(endpoint: string, asked: Asked): Fault | null {
    const { generation, address, corruptionSeed } = asked;
    if (corruptionSeed !== null) this.#numbers.set(generation, corruptionSeed);
    const number = this.#numbers.get(generation) ?? 0;
    const where = `${generation} ${address}`;
    const attempt = this.#attempts.get(where) ?? 0;
    this.#attempts.set(where, attempt + 1);
    const { numerics } = this.#fleet.members.find(({ name }) => name === endpoint)!;
    if (address === 0) this.#homes.set(generation, numerics);
    const place = address === "decode" ? STEPS : address === "preview" ? STEPS + 1 : address;
    const random = this.#random(number, place, attempt);
    const health = this.#phase?.health.get(endpoint) ?? "well";
    if (this.#isLost(generation, number, address, numerics))
      return { act: random.pick(FATAL), luck: random.next() };
    if (health === "well" || health === "shut") return null;
    if (health !== "shaky") return { act: MEANING[health], luck: random.next() };
    if (!random.chance(SPOILT)) return null;
    return { act: random.pick(ACTS), luck: random.next() };
  }

  /** Whether a picture may not go on in that class, in which it was begun. */
  #isLost(generation: string, number: number, address: Asked["address"], numerics: string): boolean {
    if (!this.#phase?.losesClasses || !this.#relaxed.has(number) || typeof address !== "number") return false;
    const from = 1 + this.#random(number, 0, LOSS).whole(STEPS - 1);
    return address >= from && this.#homes.get(generation) === numerics;
  }

  #random(number: number, place: number, attempt: number): Random {
    const [word] = philox(this.#seed, [number, place, attempt, FAULTS]);
    return randomOf(word);
  }
}

/** The last counter word of the blocks that choose faults. */
const FAULTS = 0xfa;
/** In the place of an attempt, in the block that chooses when a class is lost. */
const LOSS = 0xffff_ffff;

function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const keyed = items.map((item) => ({ item, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
