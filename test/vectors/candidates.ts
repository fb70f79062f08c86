/** Vectors of candidates: what an endpoint leaves over of each step of codebook.json. */
import { narrow } from "../../kernels/edge/narrowing.ts";
import { float32, fromFloat32 } from "./hex.ts";
import { codebookVectors } from "./sampling.ts";

/** One for each step of codebook.json, by its name. */
export function candidateVectors(): unknown {
  return codebookVectors().map(({ name, settings, logits }) => {
    const { lambda, temperature, ...rest } = settings;
    const numbers = { ...rest, lambda: fromFloat32(lambda), temperature: fromFloat32(temperature) };
    const left = narrow(numbers, new Uint8Array(Buffer.from(logits, "hex")));
    return {
      name,
      counts: [...left.counts],
      masses: Array.from(left.masses, float32),
      tokens: [...left.tokens],
      logits: Buffer.from(left.logits).toString("hex"),
    };
  });
}
