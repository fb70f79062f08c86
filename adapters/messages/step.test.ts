/** Requests that contradict themselves are rejected, naming the field, before anything is sent. */
import { describe, expect, test } from "vitest";
import { failureOf, sourceAt, told } from "../../test/adapters/failures.ts";
import { picture, stepRequest } from "../../test/adapters/steps.ts";
import type { StepRequest } from "../contract.ts";

describe("a request that contradicts itself is rejected before anything is sent:", () => {
  const { prefix, ...rest } = picture;
  test.each<[string, Partial<StepRequest>]>([
    ["no pictures", { pictures: [] }],
    ["guidance for another step", { step: 2 }],
    ["a second branch without a prefix", { pictures: [{ ...rest, prefix: new Uint8Array(0) }] }],
    ["one branch with a prefix to corrupt", { branches: 1 }],
    ["half a token", { pictures: [{ ...rest, prefix: Uint8Array.of(1) }] }],
    ["prefixes of two lengths", { pictures: [picture, { ...rest, prefix: Uint8Array.of(1, 0, 2, 0) }] }],
    [
      "a seed beyond 2^53",
      { pictures: [{ ...picture, corruption: { ...picture.corruption, seed: 2 ** 53 } }] },
    ],
    ["a class that is no integer", { pictures: [{ ...picture, condition: { kind: "class", index: 0.5 } }] }],
    ["a strength that is no number", { pictures: [{ ...picture, guidance: [0, Number.NaN] }] }],
    [
      "classes and texts",
      { pictures: [picture, { ...picture, condition: { kind: "text", prompt: "", negativePrompt: "" } }] },
    ],
    ["a temperature for some pictures", { pictures: [picture, { ...picture, temperature: 1 }] }],
  ])("%s", async (_, change) => {
    let calls = 0;
    const counting: typeof fetch = async () => {
      calls++;
      return new Response();
    };
    const source = sourceAt("http://host", { fetch: counting });
    expect(told(await failureOf(source, { ...stepRequest, ...change }))).toBe("rejected no");
    expect(calls).toBe(0);
  });
});
