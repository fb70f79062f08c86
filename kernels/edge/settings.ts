/** What a step is sampled with: the settings, and what is wrong with wrong ones. */
import { isSeed } from "./philox.ts";

/** Everything that decides a step's tokens but the logits themselves. */
export interface StepSettings {
  readonly tokens: "codebook" | "bitwise";
  /** L_k, tokens of the step: 1 .. 2^20, and no more than 64 MiB of them. */
  readonly length: number;
  /** V, or bits: 1 .. 65536. */
  readonly width: number;
  /** Rows a token: 2 with a corrupted branch, else 1. */
  readonly branches: 1 | 2;
  /**
   * lambda_k; finite in float32, to which it is rounded. Means nothing with one branch. However large: a mixed logit that
   * leaves float32's range stops at its end, +-3.4028235e38, and ties with others there.
   */
  readonly lambda: number;
  /** At least 0 and finite in float32, to which it is rounded; 0 takes the likeliest. */
  readonly temperature: number;
  /** An integer; 0 or at least V: off. Bitwise: 1 takes the likelier value, others mean nothing. */
  readonly topK: number;
  /** 0 .. 1; 1: off. */
  readonly topP: number;
  /** The picture's: 0 .. 2^53 - 1. */
  readonly seed: number;
  /** k, from 0. */
  readonly step: number;
}

const WIDEST = 65536;
const LONGEST = 2 ** 20;
const LARGEST_BYTES = 2 ** 26;

/** @throws RangeError naming the first setting that is out of range */
export function check(settings: StepSettings): void {
  const { length, width, branches, lambda, temperature, topK, topP, seed, step } = settings;
  demand(isInteger(length, 1, LONGEST), "length", length, `an integer of 1 .. ${LONGEST}`);
  demand(isInteger(width, 1, WIDEST), "width", width, `an integer of 1 .. ${WIDEST}`);
  demand(
    length * tokenBytes(settings) <= LARGEST_BYTES,
    "length",
    length,
    `at most ${LARGEST_BYTES} bytes of tokens`,
  );
  demand(branches === 1 || branches === 2, "branches", branches, "1 or 2");
  demand(Number.isFinite(Math.fround(lambda)), "lambda", lambda, "finite in float32");
  demand(
    temperature >= 0 && Number.isFinite(Math.fround(temperature)),
    "temperature",
    temperature,
    "finite in float32 and at least 0",
  );
  demand(isInteger(topK, 0, Number.MAX_SAFE_INTEGER), "topK", topK, "an integer of at least 0");
  demand(topP >= 0 && topP <= 1, "topP", topP, "of 0 .. 1");
  demand(isSeed(seed), "seed", seed, "an integer of 0 .. 2^53 - 1");
  demand(isInteger(step, 0, 2 ** 32 - 1), "step", step, "an integer of 0 .. 2^32 - 1");
}

function isInteger(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function demand(holds: boolean, name: string, value: number, what: string): void {
  if (!holds) throw new RangeError(`${name} must be ${what}, not ${value}`);
}

/** Bytes a drawn token takes in the wire's form. */
export function tokenBytes(settings: StepSettings): number {
  return settings.tokens === "codebook" ? 2 : Math.ceil(settings.width / 8);
}

/** Bytes of logits a token: all its rows. */
export function pairBytes(settings: StepSettings): number {
  return settings.branches * settings.width * 2;
}
