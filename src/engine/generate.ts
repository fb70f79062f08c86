/** The loop: for each step ask, draw, append, preview; then decode. Pure but for its ports. */
import type { DecodeAnswer, MediaFormat, Route, StepSource, StepStats } from "../../adapters/contract.ts";
import { Fault } from "../../adapters/fault.ts";
import type { Kernel } from "../../kernels/edge/index.ts";
import type { Plan } from "../plan/plan.ts";
import { type DrawnGroup, drawGroup } from "./draw.ts";
import { Prefix, type StepTokens } from "./prefix.ts";
import { decodeRequest, groupsOf, type PictureGroup, stepRequest } from "./request.ts";
import { Writes } from "./writes.ts";

/** What a step cost, kept in the generation's record. */
export interface StepRecord {
  readonly stats: readonly StepStats[];
  readonly routes: readonly Route[];
  /** Milliseconds from asking to the first byte, and from there to the last; of the answer that ended well. */
  readonly waitMs: number;
  readonly bodyMs: number;
  /** Milliseconds inside the kernel; 0 where the clock stands still between I/O. */
  readonly mixMs: number;
}

export interface EnginePorts {
  readonly source: StepSource;
  readonly kernel: Kernel;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  /** Ends a moment later, once what was asked for has gone out. */
  readonly later: () => Promise<void>;
  /** Makes a step final; called once a step, in order, after the next step has been asked for. */
  readonly commit: (step: number, tokens: StepTokens, record: StepRecord) => void;
  /** A coarse picture of the steps so far; `index` counts from 0. */
  readonly preview: (index: number, step: number, media: readonly Uint8Array[]) => void;
}

export interface Engagement {
  /** Chosen by the caller, unguessable; names the pictures in the endpoint's cache and log. */
  readonly id: string;
  readonly plan: Plan;
  /** Steps that are final already, in order. */
  readonly committed: readonly StepTokens[];
}

/**
 * Runs a generation from where it stands to its encoded pictures.
 * Stops within a step when `signal` fires.
 * @returns one encoded file a picture, and what the decoding took.
 * @throws Fault of the step or decoding that failed; steps committed until then stay.
 */
export async function generate(
  { id, plan, committed }: Engagement,
  ports: EnginePorts,
  signal: AbortSignal,
): Promise<{ media: readonly Uint8Array[]; decodeMs: number }> {
  const prefix = new Prefix(plan, committed);
  const groups = groupsOf(plan);
  const previews: Promise<void>[] = [];
  const first = prefix.steps;
  let asked = first < plan.steps.length ? ask(first) : null;

  const writes = new Writes(ports.later);
  try {
    for (let k = first; k < plan.steps.length; k++) {
      const drawn = await asked!;
      writes.check();
      signal.throwIfAborted();
      const tokens = drawn.flatMap((group) => group.tokens);
      prefix.append(tokens);
      asked = k + 1 < plan.steps.length ? ask(k + 1) : null;
      asked?.catch(() => undefined);
      const shown = prefix.pictures();
      writes.add(() => write(k, tokens, recordOf(drawn), shown));
    }
  } finally {
    // Nothing more is asked for; of a step that failed, those before it are final all the same.
    writes.now();
  }
  await Promise.all(previews);
  const began = ports.now();
  const media = await decode(plan.format, prefix.pictures());
  return { media, decodeMs: ports.now() - began };

  function write(k: number, tokens: StepTokens, record: StepRecord, pictures: readonly Uint8Array[]): void {
    ports.commit(k, tokens, record);
    const index = plan.previews.indexOf(k);
    if (index < 0) return;
    const shown = preview(index, k, pictures);
    // Nobody waits for it any more when a later step fails.
    shown.catch(() => undefined);
    previews.push(shown);
  }

  /** Asks for every group at once. */
  function ask(k: number): Promise<DrawnGroup[]> {
    return Promise.all(groups.map((group) => askGroup(k, group)));
  }

  /** An answer that did not end well is discarded whole; where there is somebody else, the step is asked for again. */
  async function askGroup(k: number, group: PictureGroup): Promise<DrawnGroup> {
    let asked = ports.now();
    let failed = 0;
    let answer = await ports.source.step(stepRequest(id, plan, k, group, prefix), signal);
    for (;;) {
      // What others took that failed before is in the route already, and is no wait of the answer's own.
      const { tried = [] } = answer.route;
      const lost = tried.slice(failed).reduce((sum, { ms }) => sum + ms, 0);
      const began = Math.min(asked + lost, ports.now());
      try {
        return await drawGroup(answer, plan, k, group, { kernel: ports.kernel, now: ports.now, began });
      } catch (error) {
        if (!(error instanceof Fault) || answer.elsewhere === undefined) throw error;
        // The fault of this answer is the next one's to tell, and is over by then.
        failed = tried.length + 1;
        asked = ports.now();
        answer = await answer.elsewhere(error);
      }
    }
  }

  /** A preview that cannot be made is left out: fewer of them are a legal stream. */
  async function preview(index: number, k: number, pictures: readonly Uint8Array[]): Promise<void> {
    try {
      ports.preview(index, k, await decode(plan.format, pictures));
    } catch {
      signal.throwIfAborted();
    }
  }

  async function decode(
    format: MediaFormat,
    pictures: readonly Uint8Array[],
  ): Promise<readonly Uint8Array[]> {
    const answers: DecodeAnswer[] = await Promise.all(
      groups.map((group) => ports.source.decode(decodeRequest(id, plan, format, group, pictures), signal)),
    );
    return answers.flatMap((answer) => answer.media);
  }
}

function recordOf(groups: readonly DrawnGroup[]): StepRecord {
  return {
    stats: groups.flatMap((group) => group.stats),
    routes: groups.map((group) => group.route),
    waitMs: Math.max(...groups.map((group) => group.waitMs)),
    bodyMs: Math.max(...groups.map((group) => group.bodyMs)),
    mixMs: groups.reduce((sum, group) => sum + group.mixMs, 0),
  };
}
