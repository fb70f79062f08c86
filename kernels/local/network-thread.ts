/** A thread with a network of its own: one call at a time in, its output and duration out. */
import { parentPort, workerData } from "node:worker_threads";
import type { Model } from "./model.ts";
import { type DecodeInput, loadNetwork, type Pixels, type StepInput, type StepOutput } from "./network.ts";
import { rowInput } from "./row.ts";

export type Call =
  | { readonly kind: "step"; readonly input: StepInput }
  | { readonly kind: "decode"; readonly input: DecodeInput };

export type Reply =
  | { readonly output: StepOutput | Pixels; readonly ms: number }
  | { readonly failure: string };

const port = parentPort!;
const model = workerData as Model;
const network = await loadNetwork(model);
const empty = new Float32Array(0);
// The first run costs twenty times the second: the engine compiles on it.
await network.step({
  ...rowInput(model, { label: 0, corruption: null }, new Uint16Array(0), 0),
  pastKeys: empty,
  pastValues: empty,
});

port.on("message", async (call: Call) => {
  const begin = performance.now();
  try {
    const output = call.kind === "step" ? await network.step(call.input) : await network.decode(call.input);
    const buffers = Object.values(output).flatMap((part) => (ArrayBuffer.isView(part) ? [part.buffer] : []));
    const reply: Reply = { output, ms: performance.now() - begin };
    port.postMessage(reply, [...new Set(buffers)] as ArrayBuffer[]);
  } catch (error) {
    port.postMessage({ failure: String(error) } satisfies Reply);
  }
});
port.postMessage("ready");
