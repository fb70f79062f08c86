/** A row: one condition under one prefix. What the network reads of it at each step, and the name of its state there. */
import { createHash } from "node:crypto";
import { corruptionIndex } from "../edge/corruption.ts";
import { type Corruption, replaceTokens } from "./corruption.ts";
import { type Model, stepLength } from "./model.ts";

export interface Row {
  /** A class, or the number of classes: no class. */
  readonly label: number;
  /** Null under the generated prefix. */
  readonly corruption: Corruption | null;
}

/** What a row reads at one step. */
export interface RowInput {
  readonly label: number;
  /** The whole sequence, 0 where nothing is known. */
  readonly tokens: BigInt64Array;
  /** Positions in the whole sequence, one a position of the step. */
  readonly contentSource: BigInt64Array;
  readonly placeSource: BigInt64Array;
}

/**
 * @param model the model
 * @param row the row
 * @param prefix the generated tokens of at least all steps before k
 * @param k the step
 * @returns what the network reads
 */
export function rowInput(model: Model, row: Row, prefix: Uint16Array, k: number): RowInput {
  const { bounds } = model.schedule;
  const begin = bounds[k]!;
  const tokens = new BigInt64Array(bounds.at(-1)!);
  for (const [u, token] of knownTokens(model, row, prefix, k).entries()) tokens[u] = BigInt(token);
  const own = Uint32Array.from({ length: stepLength(model.schedule, k) }, (_, u) => u);
  const { corruption } = row;
  const drawn = corruption === null ? own : corruptionIndex(corruption.seed, k, own.length, corruption.ratio);
  const moves = (...kinds: Corruption["kind"][]) => corruption !== null && kinds.includes(corruption.kind);
  const absolute = (source: Uint32Array) => BigInt64Array.from(source, (u) => BigInt(begin + u));
  return {
    label: row.label,
    tokens,
    contentSource: absolute(moves("embedding", "token") ? drawn : own),
    placeSource: absolute(moves("embedding", "position") ? drawn : own),
  };
}

/**
 * The chain of digests that names a row's state at steps 0..k (contract: "The cache"): each covers all tokens before its
 * step. At step 0 there is nothing to corrupt, so both branches share one state.
 *
 * @param model the model
 * @param row the row
 * @param prefix the generated tokens of all steps before k
 * @param prefixKey the picture's key
 * @param k the last step
 * @returns k + 1 digests
 */
export function stateNames(
  model: Model,
  row: Row,
  prefix: Uint16Array,
  prefixKey: string,
  k: number,
): string[] {
  const { bounds, name } = model.schedule;
  const start = JSON.stringify([prefixKey, model.revision, name, row.label]);
  const names = [createHash("sha256").update(start).digest("hex")];
  for (let j = 1; j <= k; j++) {
    const hash = createHash("sha256").update(names[j - 1]!);
    if (j === 1) hash.update(JSON.stringify(row.corruption));
    const added = prefix.subarray(bounds[j - 1], bounds[j]);
    names.push(hash.update(new Uint8Array(added.buffer, added.byteOffset, added.byteLength)).digest("hex"));
  }
  return names;
}

function knownTokens(model: Model, row: Row, prefix: Uint16Array, k: number): Uint16Array {
  const { bounds } = model.schedule;
  const known = prefix.slice(0, bounds[k]);
  if (row.corruption?.kind !== "codebook") return known;
  for (let j = 0; j < k; j++) {
    const part = known.subarray(bounds[j], bounds[j + 1]);
    part.set(replaceTokens(row.corruption, j, part, model.vocabulary));
  }
  return known;
}
