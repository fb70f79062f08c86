/** The edge kernel beside the plain TypeScript reference, in one run: `npm run bench`. Times are of one core. */
import { cpus } from "node:os";
import { compiledKernel } from "../../kernels/edge/compiled.ts";
import { loadKernel, type StepSettings } from "../../kernels/edge/index.ts";
import { sampleStep } from "../../kernels/edge/reference.ts";
import { makeLogits } from "../../kernels/edge/rows.ts";

/** Bytes a network hands over at a time. */
const CHUNK = 65536;
const VAR_SIDES = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16];

const kernel = loadKernel(compiledKernel());

interface Step {
  readonly settings: StepSettings;
  readonly bytes: Uint8Array;
}

const VAR: StepSettings = {
  tokens: "codebook",
  length: 256,
  width: 4096,
  branches: 2,
  lambda: 1.5,
  temperature: 1,
  topK: 900,
  topP: 0.96,
  seed: 7,
  step: 9,
};

function step(over: Partial<StepSettings>): Step {
  const settings = { ...VAR, ...over };
  return { settings, bytes: makeLogits(settings, "logits", settings.step) };
}

function draw({ settings, bytes }: Step): Uint8Array {
  const sampler = kernel.begin(settings);
  for (let at = 0; at < bytes.length; at += CHUNK) sampler.push(bytes.subarray(at, at + CHUNK));
  const tokens = sampler.finish();
  sampler.dispose();
  return tokens;
}

/** Milliseconds of `runs` runs, the least first. */
function time(runs: number, work: () => void): number[] {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b);
}

const workloads: [string, Step[]][] = [
  ["256 x 4096, pairs, top-k 900, top-p 0.96", [step({})]],
  ["  the same without top-k and top-p", [step({ topK: 0, topP: 1 })]],
  ["  the same at temperature 0", [step({ temperature: 0 })]],
  ["  the same with one row a token", [step({ branches: 1 })]],
  [
    "VAR-d16, 256 px: all ten steps",
    VAR_SIDES.map((side, k) => step({ length: side * side, step: k, lambda: 3, branches: k ? 2 : 1 })),
  ],
  [
    "bits: 4096 x 32, pairs, tau 0.5, top-p 0.97",
    [step({ tokens: "bitwise", length: 4096, width: 32, temperature: 0.5, topP: 0.97 })],
  ],
];

console.log(`${cpus()[0]?.model}, Node ${process.versions.node}; min and median, ms; ratio of the mins`);
console.log(`${"workload".padEnd(46)}kernel  median     plain  median    ratio`);
for (const [name, steps] of workloads) {
  const same = steps.every((one) => Buffer.compare(draw(one), sampleStep(one.settings, one.bytes)) === 0);
  const mine = time(100, () => steps.forEach(draw));
  const plain = time(7, () => steps.forEach((one) => void sampleStep(one.settings, one.bytes)));
  const figures = [mine[0]!, mine[50]!, plain[0]!, plain[3]!].map((ms) => ms.toFixed(2).padStart(8)).join("");
  console.log(
    `${name.padEnd(44)}${figures}${(plain[0]! / mine[0]!).toFixed(0).padStart(8)}x  ${same ? "same tokens" : "TOKENS DIFFER"}`,
  );
}
