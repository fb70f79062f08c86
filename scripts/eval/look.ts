/** A model's judge in ONNX Runtime's WASM: what it sees in pictures. */
import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-web";

/** Of n pictures. */
export interface Seen {
  /** [n, width]. */
  readonly features: Float32Array;
  /** What is at each place of each picture: [n, places, width]. */
  readonly places: Float32Array;
  /** The class it takes each for. */
  readonly labels: readonly number[];
}

/** @param pictures bytes [n, 3, side, side] */
export type Look = (pictures: Uint8Array) => Promise<Seen>;

const BATCH = 50;

/** @param path of its judge.onnx */
export async function openJudge(path: string, side: number): Promise<Look> {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(new Uint8Array(await readFile(path)), {
    executionProviders: ["wasm"],
  });
  const picture = 3 * side * side;
  return async (pictures) => {
    const features: Float32Array[] = [];
    const places: Float32Array[] = [];
    const labels: number[] = [];
    for (let at = 0; at < pictures.length; at += BATCH * picture) {
      const data = pictures.slice(at, at + BATCH * picture);
      const output = await session.run({
        pictures: new ort.Tensor("uint8", data, [data.length / picture, 3, side, side]),
      });
      features.push(floats(output.features));
      places.push(placesLast(output.places!));
      labels.push(...largest(output.labels!));
    }
    return { features: joined(features), places: joined(places), labels };
  };
}

/** [B, C, h, w] to [B, h, w, C]. */
function placesLast(tensor: ort.Tensor): Float32Array {
  const [count, channels, height, width] = tensor.dims as [number, number, number, number];
  const values = floats(tensor);
  const area = height * width;
  const made = new Float32Array(values.length);
  for (let b = 0; b < count; b++) {
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < area; i++) {
        made[(b * area + i) * channels + c] = values[(b * channels + c) * area + i]!;
      }
    }
  }
  return made;
}

function largest(tensor: ort.Tensor): number[] {
  const [count, width] = tensor.dims as [number, number];
  const values = floats(tensor);
  return Array.from({ length: count }, (_, i) => {
    const row = values.subarray(i * width, (i + 1) * width);
    return row.indexOf(Math.max(...row));
  });
}

function floats(tensor: ort.Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error("the judge's output is not float32");
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const made = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}
