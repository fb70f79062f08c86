/** A step of which only candidates come: gathers each token's pairs, has one of them chosen, and says which token that is. */
import type { StepSampler } from "./index.ts";
import type { StepSettings } from "./settings.ts";

/** What an endpoint says of the tokens it has left over for each position of a step (contract: "Candidates"). */
export interface Candidates {
  /** How many there are at each of the L_k positions: 1 .. V. */
  readonly counts: Int32Array;
  /** What all tokens that top-k kept weigh there, the largest weighing 1. */
  readonly masses: Float32Array;
  /** Which tokens they are, position after position, ascending within each. */
  readonly tokens: Uint16Array;
}

/** What the kernel does for it. */
interface Chooser {
  /** @throws Error when it is closed */
  alive(): void;
  /**
   * @param rows FP16 [branches, count]
   * @returns the place of the one chosen
   * @throws MalformedRow
   */
  choose(rows: Uint8Array, count: number, mass: number): number;
  close(): void;
}

/** @throws RangeError where the candidates cannot be those of such a step */
export function checkCandidates(settings: StepSettings, { counts, masses, tokens }: Candidates): void {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const fits =
    settings.tokens === "codebook" &&
    counts.length === settings.length &&
    masses.length === settings.length &&
    tokens.length === total &&
    counts.every((count) => count >= 1 && count <= settings.width) &&
    masses.every((mass) => mass >= 1 && mass <= settings.width);
  if (!fits) throw new RangeError(`candidates: not of ${settings.length} tokens of ${settings.width}`);
}

/** The most candidates that a position has. */
export function widest({ counts }: Candidates): number {
  return counts.reduce((most, count) => Math.max(most, count), 0);
}

/**
 * Takes FP16 [candidates of all positions, branches] as they come. The draw is the dense one's: rows keep their order, so the
 * first candidate with which the running weight exceeds the mark is the first such token; top-k has nothing left to drop.
 */
export function gather(settings: StepSettings, candidates: Candidates, chooser: Chooser): StepSampler {
  const { branches } = settings;
  const { counts, masses, tokens } = candidates;
  const pairs = new Uint16Array(widest(candidates) * branches);
  const arriving = new Uint8Array(pairs.buffer);
  const rows = new Uint16Array(pairs.length);
  const outgoing = new Uint8Array(rows.buffer);
  const drawn = new DataView(new ArrayBuffer(settings.length * 2));
  let remaining = tokens.length * branches * 2;
  let filled = 0;
  let position = 0;
  let first = 0;

  const draw = (count: number) => {
    for (let b = 0; b < branches; b++) {
      for (let i = 0; i < count; i++) rows[b * count + i] = pairs[i * branches + b]!;
    }
    const place = chooser.choose(outgoing.subarray(0, count * branches * 2), count, masses[position]!);
    drawn.setUint16(position * 2, tokens[first + place]!, true);
    first += count;
    position++;
    filled = 0;
  };

  return {
    get remaining() {
      return remaining;
    },
    push(bytes) {
      chooser.alive();
      if (bytes.length > remaining) {
        throw new RangeError(`${bytes.length} bytes of logits where ${remaining} were missing`);
      }
      for (let at = 0; at < bytes.length; ) {
        const count = counts[position]!;
        const needed = count * branches * 2;
        const piece = bytes.subarray(at, at + needed - filled);
        arriving.set(piece, filled);
        at += piece.length;
        filled += piece.length;
        remaining -= piece.length;
        if (filled === needed) draw(count);
      }
    },
    finish() {
      chooser.alive();
      if (remaining > 0) throw new RangeError(`${remaining} bytes of logits are missing`);
      return new Uint8Array(drawn.buffer);
    },
    dispose: () => chooser.close(),
  };
}
