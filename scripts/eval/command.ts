/** `npm run eval`: draws with the built-in models through the API, measures the pictures, and says what guidance did. */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { checkAll, recordAll } from "./check.ts";
import { evaluate } from "./evaluate.ts";
import { openMeasure } from "./measure.ts";
import { prove } from "./prove.ts";
import { modelsWithReference, readReference } from "./reference.ts";
import { RunFolder } from "./run-folder.ts";
import { attach, type Service, startService } from "./service.ts";
import { fullPlan, quickPlan } from "./settings.ts";

const USAGE = `npm run eval -- [options]

  Without options: minutes a model; the built-in models at their defaults and without CFG, each without and with VPG.
  --full               hours: VPG's scale from 0 to 3, five sets of a thousand pictures each, and Python's measures
  --check              two minutes a model: fails when a model's pictures are worse than was recorded
  --record             hours: draws sets of ten other seeds and records what --check allows
  --prove              shows that --check fails on worse pictures (wrong classes, noise in the weights, ...)
  --model ID           only this model; may be given again
  --url URL            another API than one of our own; its key is in VPG_API_KEY
  --sets N             sets of pictures a setting, in place of 3 (--full: 5)
  --folder FOLDER      where a run is kept, and gone on with if it was stopped; default .local/eval/quick or full
  --python             measures with kernels/gpu/evaluation as well (needs .venv; --full does so where it is there)
  --publish            puts tables, plots and raw figures into docs/evaluation.md and docs/evaluation/
`;

const words = process.argv.slice(2);
const { values } = parse();
const python = ".venv/bin/python";

// A Worker has a process group of its own, which Ctrl-C does not reach: it ends when we do.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

process.exitCode = await main();

async function main(): Promise<number> {
  const models = values.model ?? modelsWithReference();
  if (values.prove) return prove(models, values.folder ?? ".local/eval/prove");
  const service = await open();
  try {
    return await run(service, models);
  } finally {
    await service.close();
  }
}

async function run(service: Service, models: readonly string[]): Promise<number> {
  if (values.check) return checkAll(service, models);
  if (values.record) return recordAll(service, models, values.folder ?? ".local/eval/record");
  const kind = values.full ? "full" : "quick";
  const folder = new RunFolder(values.folder ?? `.local/eval/${kind}`);
  const withPython = wantsPython();
  for (const id of models) {
    const model = await service.model(id);
    const usual = (values.full ? fullPlan : quickPlan)(model);
    const plan = { ...usual, sets: setsOr(usual.sets) };
    const reference = await readReference(id);
    const measure = await openMeasure(reference);
    await evaluate({
      run: folder,
      service,
      model,
      plan,
      reference,
      measure,
      publish: values.publish,
      python: withPython,
      command: ["npm run eval", ...(words.length > 0 ? ["--", ...words] : [])].join(" "),
    });
  }
  return 0;
}

function setsOr(usual: number): number {
  if (values.sets === undefined) return usual;
  const sets = Number(values.sets);
  if (!Number.isInteger(sets) || sets < 1 || sets > 100) fail(`--sets: ${values.sets} is not from 1 to 100`);
  return sets;
}

/** The interpreter where Python's measures are wanted and can be had; says what they need where they cannot. */
function wantsPython(): string | null {
  if (!values.python && !values.full) return null;
  if (existsSync(python)) return python;
  console.error(
    "eval: measures of kernels/gpu are left out: they need PyTorch in .venv (bash -c '. scripts/python-env.sh kernels/gpu/requirements.txt')",
  );
  return null;
}

function open(): Promise<Service> | Service {
  if (values.url === undefined) return startService();
  const key = process.env.VPG_API_KEY;
  if (!key) fail("--url needs a key in VPG_API_KEY");
  return attach(values.url, key);
}

function parse() {
  try {
    return parseArgs({
      options: {
        full: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        prove: { type: "boolean", default: false },
        model: { type: "string", multiple: true },
        url: { type: "string" },
        sets: { type: "string" },
        folder: { type: "string" },
        python: { type: "boolean", default: false },
        publish: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    fail(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function fail(message: string): never {
  console.error(`eval: ${message}`);
  process.exit(2);
}
