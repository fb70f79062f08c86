/** Draws what a run lacks, through the API, a few requests at a time. */
import type OpenAI from "openai";
import type { DrawnLine, RunFolder } from "./run-folder.ts";
import type { ServedModel, Service } from "./service.ts";
import type { Batch, Sampling } from "./settings.ts";

/** In flight at once; the built-in endpoint has a thread a core. */
const AT_ONCE = 2;

export interface Drawn {
  readonly pictures: readonly Uint8Array[];
  readonly numerics: readonly string[];
}

/** How a request becomes pictures; the proof of the check draws in other, worse ways. */
export type DrawBatch = (service: Service, model: ServedModel, batch: Batch) => Promise<Drawn>;

/** What is read of an answer beside the pictures. */
interface Report {
  readonly vpg: { readonly revision: string; readonly numerics: readonly string[] };
}

/** As a user would. */
export const drawBatch: DrawBatch = async ({ client }, model, batch) => {
  const answer = await client.images.generate(requestOf(model, batch));
  const pictures = answer.data!.map(({ b64_json }) => Buffer.from(b64_json!, "base64"));
  if (pictures.length !== batch.n) throw new Error(`${pictures.length} pictures instead of ${batch.n}`);
  const { vpg } = answer as typeof answer & Report;
  if (vpg.revision !== model.revision) throw new Error("the model changed while it was drawn with");
  return { pictures, numerics: vpg.numerics };
};

/** With the fields of ours, which the client hands on as they are. */
export function requestOf(
  { id }: ServedModel,
  { prompt, seed, n, setting }: Batch,
): OpenAI.ImageGenerateParamsNonStreaming & Sampling & { readonly seed: number } {
  return { model: id, prompt, n, seed, ...setting.request };
}

/**
 * Draws every batch that the run does not have.
 * @param progress told how many of them are done.
 */
export async function drawAll(
  run: RunFolder,
  service: Service,
  model: ServedModel,
  batches: readonly Batch[],
  draw: DrawBatch = drawBatch,
  progress: (done: number, all: number) => void = () => {},
): Promise<void> {
  const kept = new Set(run.drawn().map(nameOf));
  const missing = batches.filter((batch) => !kept.has(nameOf(askedOf(model, batch))));
  let next = 0;
  let done = batches.length - missing.length;
  const work = async () => {
    while (next < missing.length) {
      const batch = missing[next++]!;
      const { pictures, numerics } = await draw(service, model, batch);
      run.keep({ ...askedOf(model, batch), numerics }, pictures);
      progress(++done, batches.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** A request as a run keeps it, without its answer. */
type Asked = Omit<DrawnLine, "numerics" | "files">;

function askedOf({ id, revision }: ServedModel, { setting, set, label, seed, n }: Batch): Asked {
  return { model: id, revision, setting: setting.label, request: setting.request, set, label, seed, n };
}

/** What makes a request another one. */
function nameOf({ model, revision, request, set, label, seed, n }: Asked): string {
  return JSON.stringify([model, revision, request, set, label, seed, n]);
}
