/** What an endpoint must leave over when asked for candidates, said as plainly as possible. For tests and golden vectors. */
import type { Candidates } from "./candidates.ts";
import { mixRow, ranked, weigh } from "./reference.ts";
import type { StepSettings } from "./settings.ts";

/** By how much more than p an endpoint leaves over: its masses and the edge's may differ in their last digits. */
const MARGIN = 1e-4;

/** A token this far below the largest is never drawn: all of them together weigh less than r can see. */
const DEEPEST = 64;

export interface Narrowed extends Candidates {
  /** FP16 little endian [candidates of all positions, branches]. */
  readonly logits: Uint8Array;
}

/** The candidates of a step, from all its logits: FP16 little endian [L_k, branches, width]. */
export function narrow(settings: StepSettings, bytes: Uint8Array): Narrowed {
  const { length, width, branches } = settings;
  const halves = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept = Array.from({ length }, (_, u) => keep(settings, mixRow(settings, halves, u)));
  const logits = kept.flatMap(({ tokens }, u) =>
    tokens.flatMap((token) =>
      Array.from({ length: branches }, (_, b) => {
        const at = 2 * ((u * branches + b) * width + token);
        return [bytes[at]!, bytes[at + 1]!];
      }).flat(),
    ),
  );
  return {
    counts: Int32Array.from(kept, ({ tokens }) => tokens.length),
    masses: Float32Array.from(kept, ({ mass }) => mass),
    tokens: Uint16Array.from(kept.flatMap(({ tokens }) => tokens)),
    logits: Uint8Array.from(logits),
  };
}

/** Of one row the tokens that could be drawn, ascending, and what all that top-k kept weigh. */
function keep(settings: StepSettings, z: Float32Array): { tokens: number[]; mass: number } {
  const largest = z.reduce((most, value) => Math.max(most, value));
  if (Math.fround(settings.temperature) === 0) return { tokens: [z.indexOf(largest)], mass: 1 };
  const weights = weigh({ ...settings, topP: 1 }, z).map((weight, i) =>
    z[i]! - largest >= -DEEPEST ? weight : 0,
  );
  const mass = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  const tokens = ranked(z, weights).filter((token) => {
    const stays = settings.topP >= 1 || before < (settings.topP + MARGIN) * mass;
    before += weights[token]!;
    return stays;
  });
  return { tokens: tokens.sort((a, b) => a - b), mass };
}
