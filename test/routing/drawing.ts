/** The engine over any source, by any clock: what it drew, and how it came to it. */
import type { StepSource } from "../../adapters/contract.ts";
import { compiledKernel } from "../../kernels/edge/compiled.ts";
import { loadKernel } from "../../kernels/edge/index.ts";
import { generate, type StepRecord } from "../../src/engine/generate.ts";
import type { StepTokens } from "../../src/engine/prefix.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Clock } from "./clock.ts";

const kernel = loadKernel(compiledKernel());
const never = new AbortController().signal;

export interface Drawing {
  readonly media: readonly Uint8Array[];
  readonly tokens: readonly StepTokens[];
  readonly records: readonly StepRecord[];
  readonly previews: number;
}

interface DrawOptions {
  readonly id?: string;
  readonly committed?: readonly StepTokens[];
  readonly signal?: AbortSignal;
  readonly onCommit?: (step: number, tokens: StepTokens, record: StepRecord) => void;
}

/** Only the files and tokens of what is committed before are given back with the rest; its records are not. */
export async function draw(
  plan: Plan,
  source: StepSource,
  clock: Pick<Clock, "now">,
  { id = "gen", committed = [], signal = never, onCommit }: DrawOptions = {},
): Promise<Drawing> {
  const tokens = [...committed];
  const records: StepRecord[] = [];
  let previews = 0;
  const { media } = await generate(
    { id, plan, committed },
    {
      source,
      kernel,
      now: clock.now,
      later: () => Promise.resolve(),
      commit(step, drawn, record) {
        onCommit?.(step, drawn, record);
        tokens.push(drawn);
        records.push(record);
      },
      preview: () => {
        previews++;
      },
    },
    signal,
  );
  return { media, tokens, records, previews };
}
