/** The tokens drawn so far, step-major, one buffer a picture: the only state of a generation. */
import type { Plan, PlannedStep } from "../plan/plan.ts";

/** The tokens of one step, one array a picture, in the wire's form. */
export type StepTokens = readonly Uint8Array[];

/** Bytes of one token on the wire: UINT16 for a codebook, ceil(bits / 8) for bits. */
function bytesOfToken(tokens: Plan["tokens"], step: PlannedStep): number {
  return tokens === "codebook" ? 2 : Math.ceil(step.width / 8);
}

/** Grows by whole steps; a step whose tokens have the wrong size is a defect of ours and throws. */
export class Prefix {
  readonly #plan: Plan;
  readonly #buffers: Uint8Array[];
  #steps = 0;
  #bytes = 0;

  constructor(plan: Plan, committed: readonly StepTokens[] = []) {
    this.#plan = plan;
    const total = plan.steps.reduce((sum, step) => sum + step.length * bytesOfToken(plan.tokens, step), 0);
    this.#buffers = plan.pictures.map(() => new Uint8Array(total));
    for (const tokens of committed) this.append(tokens);
  }

  /** Number of whole steps held. */
  get steps(): number {
    return this.#steps;
  }

  append(tokens: StepTokens): void {
    const step = this.#plan.steps[this.#steps];
    if (!step) throw new Error(`prefix: the plan has only ${this.#plan.steps.length} steps`);
    const size = step.length * bytesOfToken(this.#plan.tokens, step);
    if (tokens.length !== this.#buffers.length || tokens.some((one) => one.length !== size)) {
      throw new Error(`prefix: step ${this.#steps} needs ${this.#buffers.length} x ${size} bytes`);
    }
    for (const [i, one] of tokens.entries()) this.#buffers[i]!.set(one, this.#bytes);
    this.#bytes += size;
    this.#steps += 1;
  }

  /** Picture i's tokens as they stand: a view that later steps do not change. */
  of(picture: number): Uint8Array {
    return this.#buffers[picture]!.subarray(0, this.#bytes);
  }

  pictures(): Uint8Array[] {
    return this.#buffers.map((_, i) => this.of(i));
  }
}
