/** What must hold after a schedule, whatever happened in it. */
import type { StepRequest, StepSource } from "../../adapters/contract.ts";
import { totalOf } from "../../src/plan/price.ts";
import type { Explanation } from "../../src/routing/explain.ts";
import type { Books } from "./books.ts";
import { draw } from "./drawing.ts";
import type { Generation } from "./generation.ts";
import { logitsOf } from "./logits.ts";
import { fileOf, type Machine } from "./machine.ts";
import type { PlannedGeneration, Schedule } from "./schedule.ts";

interface Scene {
  readonly schedule: Schedule;
  readonly generations: readonly Generation[];
  /** Of each isolate: when the last event was over, and when all who vanished have had to give back what they held. */
  readonly atEnd: readonly Explanation[];
  readonly explanations: readonly Explanation[];
  readonly machines: readonly Machine[];
  /** Calls at each machine since the crowd came that needs all of them. */
  readonly crowded: readonly number[];
  readonly books: Books;
}

/** @returns a sentence for each promise that was broken */
export async function brokenBy(scene: Scene): Promise<string[]> {
  const planned = [...scene.schedule.generations, ...scene.schedule.later];
  const each = await Promise.all(
    scene.generations.map((generation, i) => brokenOf(generation, planned[i]!, scene)),
  );
  return [...each.flat(), ...scene.books.audit(), ...slots(scene), ...starved(scene)];
}

async function brokenOf(
  generation: Generation,
  planned: PlannedGeneration,
  { schedule, books }: Scene,
): Promise<string[]> {
  const { ends, events, options, failedRuns, journal } = generation;
  const { id, plan } = options;
  if (ends.length !== 1) return [`${id}: ${ends.length} terminal events (${ends})`];
  const wrong: string[] = [];
  if (events.at(-1) !== ends[0]) wrong.push(`${id}: told more after its end: ${events}`);
  wrong.push(...strayed(generation, planned, schedule));
  const [end] = ends;
  if (end === "completed" && books.chargeOf(id) !== totalOf(plan))
    wrong.push(`${id}: charged ${books.chargeOf(id)}`);
  if (end === "failed" && books.chargeOf(id) !== 0) wrong.push(`${id}: failed, and charged all the same`);
  // What two endpoints reject is believed to be our mistake.
  const rejecting = schedule.episodes.filter(({ trouble }) => trouble.kind === "rejects").length;
  const lost = failedRuns.filter((kind) => kind !== "rejected" || rejecting < 2);
  if (schedule.isGuarded && lost.length > 0)
    wrong.push(`${id}: runs failed (${lost}), though an endpoint of its class was well all the time`);
  const classes = new Set(journal.flatMap(({ record }) => record.stats.map(({ numerics }) => numerics)));
  if (planned.numerics.kind !== "any" && classes.size > 1)
    wrong.push(`${id}: strict, and of the classes ${[...classes]}`);
  if (schedule.isGuarded) wrong.push(...insisted(generation));
  return [...wrong, ...(await changed(generation, planned))];
}

/** Steps and their failed tries lie where the caller wants them. */
function strayed(
  { journal, options }: Generation,
  { region }: PlannedGeneration,
  { machines }: Schedule,
): string[] {
  if (region === null) return [];
  const outside = new Set(machines.filter((one) => !one.region.startsWith(region)).map(({ name }) => name));
  const asked = journal.flatMap(({ record }) =>
    record.routes.flatMap(({ endpoint, tried = [] }) => [endpoint, ...tried.map((one) => one.endpoint)]),
  );
  return asked.some((name) => outside.has(name)) ? [`${options.id}: asked outside ${region}: ${asked}`] : [];
}

/** Asked again what had just failed, while somebody was well who had not been asked. */
function insisted({ journal, options }: Generation): string[] {
  return journal.flatMap(({ record }, step) =>
    record.routes.flatMap(({ endpoint, tried = [] }) => {
      const asked = [...tried.map((one) => one.endpoint), endpoint];
      return new Set(asked).size === asked.length ? [] : [`${options.id}: step ${step} asked ${asked}`];
    }),
  );
}

/** The same picture drawn again where nothing happens, each step in the class that the journal names. */
async function changed(
  { journal, media, ends, options }: Generation,
  { numerics }: PlannedGeneration,
): Promise<string[]> {
  const { id, plan, clock } = options;
  if (journal.length > plan.steps.length) return [`${id}: ${journal.length} steps are in the journal`];
  const again = await draw(plan, undisturbed(journal, id), clock, { id });
  for (const [step, { tokens }] of journal.entries()) {
    const same = tokens.every((one, i) => equal(one, again.tokens[step]![i]!));
    if (!same) return [`${id}: step ${step} is not what it would have been`];
  }
  if (ends[0] !== "completed") return [];
  if (journal.length !== plan.steps.length) return [`${id}: completed after ${journal.length} steps`];
  const own = journal[0]!.record.stats[0]!.numerics;
  const possible = numerics.kind === "any" ? ["x", "y"] : [own];
  const isSame = media.every((file, i) =>
    possible.some((name) => equal(file, fileOf(again.media[i]!, name))),
  );
  return isSame ? [] : [`${id}: its files are not what they would have been`];
}

function undisturbed(journal: Generation["journal"], id: string): StepSource {
  const route = { endpoint: "undisturbed", region: null };
  const classOf = ({ step }: StepRequest, prefixKey: string) =>
    journal[step]?.record.stats[Number(prefixKey.slice(id.length + 1))]?.numerics ?? "x";
  return {
    async step(request) {
      const logits = request.pictures.map((picture) =>
        logitsOf({ ...request, pictures: [picture] }, classOf(request, picture.prefixKey)),
      );
      const stats = request.pictures.map(() => ({ deviceMs: 1, cache: "hit", numerics: "x" }) as const);
      const { revision } = request;
      return { route, stats: stats.map((one) => ({ ...one, revision })), logits: listed(logits) };
    },
    decode: async ({ pictures }) => ({ route, media: pictures.map((tokens) => tokens.slice()) }),
  };
}

async function* listed(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* pieces;
}

/** Every slot is free again, nobody waits, and every call is accounted for. */
function slots({ schedule, atEnd, explanations, machines }: Scene): string[] {
  const hasLost = schedule.generations.some(({ lostAt, lost }) => lostAt !== null && lost === "vanishes");
  // Where nobody has vanished, nothing needs to be taken back.
  const held = [...(hasLost ? [] : atEnd), ...explanations].flatMap(({ candidates }) =>
    candidates.flatMap(({ provider, inFlight, queue }) => [
      ...(inFlight === 0 ? [] : [`${provider}: ${inFlight} slots are never given back`]),
      ...(queue === 0 ? [] : [`${provider}: ${queue} wait for ever`]),
    ]),
  );
  const counted = machines.flatMap(({ asked, options: { name } }, i) => {
    const counters = explanations.map(({ candidates }) => candidates[i]!.counters);
    const sum = (of: (one: (typeof counters)[number]) => number) =>
      counters.reduce((all, one) => all + of(one), 0);
    const faults = sum((one) => Object.values(one.faults).reduce((all, count) => all + count, 0));
    const known = sum(({ answered, left }) => answered + left) + faults;
    const made = sum((one) => one.asked);
    return [
      ...(made === asked ? [] : [`${name}: asked ${asked} times, counted ${made}`]),
      ...(known === asked || (hasLost && known < asked)
        ? []
        : [`${name}: of ${asked} calls ${known} have ended`]),
    ];
  });
  return [...held, ...counted];
}

/** Once all bad days are long over, and some have come since, everybody is back in use: by the books, and in fact. */
function starved({ schedule, explanations, crowded, machines }: Scene): string[] {
  if (schedule.later.length === 0) return [];
  const flagged = explanations.flatMap(({ candidates }) =>
    candidates.flatMap(({ provider, whyNotNow }) =>
      whyNotNow === null ? [] : [`${provider}: well again, and not used: ${whyNotNow}`],
    ),
  );
  const unasked = machines.flatMap(({ options: { name } }, i) =>
    crowded[i]! > 0 ? [] : [`${name}: well again, and asked by none of a crowd`],
  );
  return [...flagged, ...unasked];
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
