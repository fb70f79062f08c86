/** The model's two graphs in ONNX Runtime's WASM, on one thread: the same bits on every machine. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as ort from "onnxruntime-web";
import type { Model } from "./model.ts";
import type { RowInput } from "./row.ts";

/** One step of one row by itself; past keys and values are [blocks, 1, heads, L_<k, width]. */
export interface StepInput extends RowInput {
  readonly pastKeys: Float32Array;
  readonly pastValues: Float32Array;
}

export interface StepOutput {
  /** [L_k, V]. */
  readonly logits: Float32Array;
  /** Of this step alone. */
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

export interface DecodeInput {
  /** The whole sequence, anything where `kept` is 0. */
  readonly tokens: BigInt64Array;
  /** 1 a step that is there, 0 one that is not. */
  readonly kept: Float32Array;
}

export interface Pixels {
  readonly height: number;
  readonly width: number;
  /** [height, width, 3]. */
  readonly data: Uint8Array;
}

export interface Network {
  step(input: StepInput): Promise<StepOutput>;
  decode(input: DecodeInput): Promise<Pixels>;
}

/** Names what makes the bits besides the weights: runtime, kind of device, batch rule (contract: numerics class). */
export function numericsClass(model: Model): string {
  return `${model.id}/ort-web-${ort.env.versions.web ?? "unknown"}/wasm-simd/rows-alone`;
}

/**
 * @param model whose files to load
 * @returns its network; calls must not overlap
 */
export async function loadNetwork(model: Model): Promise<Network> {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const read = async (name: string) => new Uint8Array(await readFile(join(model.folder, name)));
  const externalData = await Promise.all(
    model.files.weights.map(async (path) => ({ path, data: await read(path) })),
  );
  const open = async (name: string) =>
    ort.InferenceSession.create(await read(name), { executionProviders: ["wasm"], externalData });
  const step = await open(model.files.step);
  const decode = await open(model.files.decode);
  const { blocks, heads, width } = model.state;

  const integers = (data: BigInt64Array) => new ort.Tensor("int64", data, [1, data.length]);
  const past = (data: Float32Array) =>
    new ort.Tensor("float32", data, [blocks, 1, heads, data.length / (blocks * heads * width), width]);

  return {
    async step(input) {
      const output = await step.run({
        class: new ort.Tensor("int64", BigInt64Array.of(BigInt(input.label)), [1]),
        tokens: integers(input.tokens),
        content_source: integers(input.contentSource),
        place_source: integers(input.placeSource),
        past_keys: past(input.pastKeys),
        past_values: past(input.pastValues),
      });
      return {
        logits: floats(output, "logits"),
        keys: floats(output, "keys"),
        values: floats(output, "values"),
      };
    },
    async decode(input) {
      const output = await decode.run({
        tokens: integers(input.tokens),
        kept: new ort.Tensor("float32", input.kept, [input.kept.length]),
      });
      const { data, dims } = output.pixels!;
      if (!(data instanceof Uint8Array)) throw new Error("pixels are not bytes");
      return { height: dims[1]!, width: dims[2]!, data };
    },
  };
}

function floats(output: ort.InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = output[name]?.data;
  if (data instanceof Float32Array) return data;
  throw new Error(`${name} is not float32`);
}
