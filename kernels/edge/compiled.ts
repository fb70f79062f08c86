/** The built kernel as Node reads it from disk, for tests and the benchmark; a Worker imports it instead. */
import { readFileSync } from "node:fs";

/** kernels/edge/build/kernel.wasm, compiled. */
export function compiledKernel(): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL("./build/kernel.wasm", import.meta.url)));
}
