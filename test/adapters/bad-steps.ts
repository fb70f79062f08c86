/** Step requests that every endpoint of the small model refuses with 400, naming the field (docs/contract.md, "Errors"). */
import { bytesTensor } from "../../adapters/oip/bytes.ts";
import type { InferRequest } from "../../adapters/oip/request.ts";
import { fp32Tensor, int32Tensor, rawTensor, type Tensor, uint64Tensor } from "../../adapters/oip/tensor.ts";
import { type Asked, someTokens, stepRequest, uint16s } from "../../kernels/local/asking.ts";

export type BadStep = readonly [field: string, what: string, request: InferRequest];

/** A good step 2 of one picture, from which the bad ones are made. */
export const goodPicture = (bounds: readonly number[]): Asked => ({
  step: 2,
  tokens: someTokens(bounds[2]!, 1),
  class: 3,
  guidance: [0, 0.5, 1],
  corruption: { kind: "embedding", seed: 5, ratio: 0.3 },
  prefixKey: "refusals",
});

/** A request with some inputs in the place of its own. */
export function withInputs(request: InferRequest, ...inputs: Tensor[]): InferRequest {
  const named = new Map([...request.inputs, ...inputs].map((input) => [input.name, input]));
  return { ...request, inputs: [...named.values()] };
}

/**
 * @param bounds where each step's tokens begin
 * @param outputs what the requests ask for; empty: all
 * @returns what is refused alike everywhere; each endpoint's tests add what it says in its own way
 */
export function badSteps(bounds: readonly number[], outputs: readonly string[]): BadStep[] {
  const asked = goodPicture(bounds);
  const request = (pictures: readonly Asked[] = [asked]) => ({ ...stepRequest(pictures), outputs });
  const given = (...inputs: Tensor[]) => withInputs(request(), ...inputs);
  const without = (name: string) => ({
    ...request(),
    inputs: request().inputs.filter((input) => input.name !== name),
  });
  const corrupted = (change: Partial<Asked["corruption"]>) =>
    request([asked, { ...asked, corruption: { ...asked.corruption, ...change } }]);
  const notANumber = new Uint8Array(Float32Array.of(0, 1, Number.NaN).buffer);
  const notUtf8 = Uint8Array.of(0xff);
  return [
    ...request().inputs.map(({ name }): BadStep => [name, "missing", without(name)]),
    ["prompt", "unknown input", given(bytesTensor("prompt", [1, 1], ["a boat"]))],
    ["step", "too large", given(int32Tensor("step", [1, 1], [bounds.length - 1]))],
    ["step", "negative", given(int32Tensor("step", [1, 1], [-1]))],
    ["step", "wrong type", given(fp32Tensor("step", [1, 1], [2]))],
    ["step", "wrong rank", given(int32Tensor("step", [1], [2]))],
    ["schedule", "unknown", given(bytesTensor("schedule", [1, 1], ["256"]))],
    ["tokens", "too few", given(rawTensor("tokens", "UINT16", [1, 4], uint16s([1, 2, 3, 4])))],
    [
      "tokens",
      "above the vocabulary",
      given(rawTensor("tokens", "UINT16", [1, 5], uint16s([1, 2, 3, 4, 512]))),
    ],
    ["class", "negative", given(int32Tensor("class", [1, 1], [-1]))],
    ["class", "no class", given(int32Tensor("class", [1, 1], [10]))],
    ["class", "another n", given(int32Tensor("class", [2, 1], [1, 2]))],
    ["guidance", "too short", given(fp32Tensor("guidance", [1, 2], [0, 1]))],
    ["guidance", "not finite", given(rawTensor("guidance", "FP32", [1, 3], notANumber))],
    ["corruption_ratio", "above 1", given(fp32Tensor("corruption_ratio", [1, 1], [1.5]))],
    ["corruption_kind", "unknown", given(bytesTensor("corruption_kind", [1, 1], ["noise"]))],
    ["corruption_kind", "empty", given(bytesTensor("corruption_kind", [1, 1], [""]))],
    ["corruption_kind", "not UTF-8", given(bytesTensor("corruption_kind", [1, 1], [notUtf8]))],
    ["corruption_seed", "above 53 bits", given(uint64Tensor("corruption_seed", [1, 1], [2n ** 53n]))],
    ["prefix_key", "too long", given(bytesTensor("prefix_key", [1, 1], ["k".repeat(257)]))],
    ["corruption_ratio", "mixed", corrupted({ ratio: 0 })],
    ["corruption_kind", "mixed", corrupted({ kind: "token" })],
    ["candidates", "neither true nor false", { ...request(), parameters: { candidates: "yes" } }],
    ["deadline_ms", "no number", { ...request(), parameters: { deadline_ms: "soon" } }],
    ["op", "unknown", { ...request(), parameters: { op: "encode" } }],
  ];
}
