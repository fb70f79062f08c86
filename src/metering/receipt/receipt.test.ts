import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endedOf, planOf } from "../../../test/ended.ts";
import { catalogue } from "../../catalogue/index.ts";
import { totalOf } from "../../plan/price.ts";
import { checkReceipt } from "./check.ts";
import { describeOutput, makeReceipt, sha256OfText } from "./receipt.ts";
import { receiptSchema } from "./schema.ts";

const table = catalogue[0].price;
const K = catalogue[0].schedules[0]!.steps.length;
const L = catalogue[0].schedules[0]!.steps.reduce((sum, { t, h, w }) => sum + t * h * w, 0);
const problemsOf = (...args: Parameters<typeof checkReceipt>) =>
  checkReceipt(...args).flatMap((check) => check.problems);

describe("makeReceipt", () => {
  it("says what was asked, what was delivered and what it cost", () => {
    const plan = planOf({ vpg: { scale: 1.5 } });
    const receipt = makeReceipt(endedOf(plan, "completed"));
    expect(receiptSchema.parse(receipt)).toEqual(receipt);
    expect(receipt).toMatchObject({
      generation: "gen_1",
      created_at: "2026-11-24T12:00:00.000Z",
      ended_at: "2026-11-24T12:00:02.005Z",
      request: { n: 2, seeds: [{ seed: 7, corruption_seed: 107 }, { seed: 8 }] },
      charge: { pictures: 2, held: totalOf(plan), charged: totalOf(plan), released: 0 },
      totals: { steps: K, tokens: 2 * L, branches: 2 * (2 * K - 1), device_ms: 4 * K },
    });
    expect(receipt.steps[1]).toEqual({
      step: 1,
      routes: [{ provider: null, endpoint: "endpoint 0", region: null, numerics: ["class 0"], failovers: 1 }],
      device_ms: 4,
      cache: { hits: 1, misses: 1 },
    });
  });

  it("gives each group of pictures its own numerics class", () => {
    const plan = { ...planOf({ n: 3 }), batch: 2 };
    const { routes } = makeReceipt(endedOf(plan, "completed")).steps[0]!;
    expect(routes.map((route) => route.numerics)).toEqual([["class 0"], ["class 1"]]);
  });

  it("never shows the prompt, only its SHA-256", () => {
    const receipt = makeReceipt(endedOf(planOf(), "completed"));
    expect(JSON.stringify(receipt)).not.toMatch(/mushroom/i);
    expect(receipt.request.prompt_sha256).toBe(sha256OfText("mushroom"));
    const condition = { kind: "text" as const, prompt: "a secret", negativePrompt: "fog" };
    const texts = makeReceipt(endedOf({ ...planOf(), condition }, "completed"));
    expect(JSON.stringify(texts)).not.toMatch(/a secret|fog/);
    expect(texts.request.negative_prompt_sha256).toBe(sha256OfText("fog"));
  });

  it("names every output by its picture, its hash, its size and its type", () => {
    const abc = describeOutput(0, new TextEncoder().encode("abc"), "webp");
    const receipt = makeReceipt({ ...endedOf(planOf({ n: 1 }), "completed"), outputs: [abc] });
    expect(receipt.outputs).toEqual([
      {
        image_index: 0,
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        bytes: 3,
        content_type: "image/webp",
      },
    ]);
  });
});

describe("checkReceipt", () => {
  const ends = fc.record({
    n: fc.integer({ min: 1, max: 10 }),
    scale: fc.constantFrom(0, 0.5, 3),
    schedule: fc.constantFrom("constant" as const, "ramp" as const),
    reason: fc.constantFrom(
      "completed" as const,
      "cancelled" as const,
      "failed" as const,
      "unattended" as const,
    ),
    committed: fc.integer({ min: 0, max: K }),
  });

  it("finds nothing wrong with any receipt that we make, by the catalogue's table or its own prices", () => {
    fc.assert(
      fc.property(ends, ({ n, scale, schedule, reason, committed }) => {
        const plan = planOf({ n, vpg: { scale, schedule } });
        const steps = reason === "completed" || reason === "unattended" ? K : committed;
        const receipt = receiptSchema.parse(makeReceipt(endedOf(plan, reason, steps)));
        expect(problemsOf(receipt, table)).toEqual([]);
        expect(problemsOf(receipt, null)).toEqual([]);
      }),
    );
  });

  const sound = makeReceipt(endedOf(planOf({ vpg: { scale: 1.5 } }), "completed"));
  const { charge, totals, price, steps, outputs, request } = sound;
  const firstStep = (change: Partial<(typeof price.steps)[number]>) => ({
    ...price,
    steps: [{ ...price.steps[0]!, ...change }, ...price.steps.slice(1)],
  });
  const forged: [string, Partial<typeof sound>, RegExp][] = [
    ["a higher charge", { charge: { ...charge, charged: charge.charged + 1 } }, /charged/],
    ["a higher hold", { charge: { ...charge, held: charge.held + 1 } }, /held/],
    ["less given back", { charge: { ...charge, released: 1 } }, /released/],
    ["a picture charged twice", { charge: { ...charge, pictures: 3 } }, /pictures charged/],
    ["a charge for what failed", { status: "failed", outputs: [] }, /pictures charged of what is failed/],
    ["a dearer step", { price: firstStep({ micro_credits: 22 }) }, /micro-credits of step 0/],
    ["more tokens", { price: firstStep({ tokens: 2 }) }, /tokens of step 0/],
    ["another branch", { price: firstStep({ branches: 2 }) }, /branches of step 0/],
    ["a step that is missing", { steps: steps.slice(1) }, /delivered step/],
    ["a step that comes twice", { steps: [...steps, steps[0]!] }, /delivered step/],
    ["another sum of tokens", { totals: { ...totals, tokens: 1 } }, /tokens in total/],
    ["hidden failovers", { totals: { ...totals, failovers: 0 } }, /failovers in total/],
    ["an output that is missing", { outputs: outputs.slice(1) }, /outputs/],
    ["an output that comes twice", { outputs: [outputs[0]!, outputs[0]!] }, /different outputs/],
    ["an output beyond n", { outputs: [outputs[0]!, { ...outputs[1]!, image_index: 2 }] }, /image_index/],
    ["a seed too few", { request: { ...request, seeds: request.seeds.slice(1) } }, /seeds/],
  ];
  it.each(forged)("finds %s", (_what, change, said) => {
    expect(problemsOf({ ...sound, ...change }, table).join("\n")).toMatch(said);
  });

  it("sees by the catalogue's table alone that every step is a micro-credit too dear", () => {
    const dearer = makeReceipt(
      endedOf(
        { ...planOf(), price: { ...planOf().price, steps: planOf().price.steps.map((p) => p + 1) } },
        "completed",
      ),
    );
    expect(problemsOf(dearer, null)).toEqual([]);
    expect(problemsOf(dearer, table)).toHaveLength(K);
  });
});
