/** A thread with networks of its own: one call at a time in, its output and duration out; a model is loaded when it is first asked for. */
import { parentPort, workerData } from "node:worker_threads";
import type { Model } from "./model.ts";
import {
  type DecodeInput,
  loadNetwork,
  type Network,
  type Pixels,
  type StepInput,
  type StepOutput,
} from "./network.ts";
import { rowInput } from "./row.ts";

/** What a thread is told when it starts. */
export interface Setup {
  readonly models: readonly Model[];
  /** Ids of those that it loads before it is ready. */
  readonly first: readonly string[];
}

export type Call =
  | { readonly kind: "step"; readonly model: string; readonly input: StepInput }
  | { readonly kind: "decode"; readonly model: string; readonly input: DecodeInput };

export type Reply =
  | { readonly output: StepOutput | Pixels; readonly ms: number }
  | { readonly failure: string };

const port = parentPort!;
const { models, first } = workerData as Setup;
const networks = new Map<string, Network>();
const empty = new Float32Array(0);

/** From memory, or loaded now and run once: the first run costs twenty times the second, because the engine compiles on it. */
async function networkOf(id: string): Promise<Network> {
  const kept = networks.get(id);
  if (kept !== undefined) return kept;
  const model = models.find((one) => one.id === id)!;
  const network = await loadNetwork(model);
  await network.step({
    ...rowInput(model, { label: 0, corruption: null }, new Uint16Array(0), 0),
    pastKeys: empty,
    pastValues: empty,
  });
  networks.set(id, network);
  return network;
}

for (const id of first) await networkOf(id);

port.on("message", async (call: Call) => {
  try {
    const network = await networkOf(call.model);
    const begin = performance.now();
    const output = call.kind === "step" ? await network.step(call.input) : await network.decode(call.input);
    const buffers = Object.values(output).flatMap((part) => (ArrayBuffer.isView(part) ? [part.buffer] : []));
    const reply: Reply = { output, ms: performance.now() - begin };
    port.postMessage(reply, [...new Set(buffers)] as ArrayBuffer[]);
  } catch (error) {
    port.postMessage({ failure: String(error) } satisfies Reply);
  }
});
port.postMessage("ready");
