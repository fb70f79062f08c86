import { describe, expect, it } from "vitest";
import type { StepSource } from "../../adapters/contract.ts";
import { Fault } from "../../adapters/fault.ts";
import { compiledKernel } from "../../kernels/edge/compiled.ts";
import { loadKernel } from "../../kernels/edge/index.ts";
import { noiseSource } from "../../test/noise-source.ts";
import { smallInfinity, smallInfinityStar } from "../../test/small-models.ts";
import { catalogue } from "../catalogue/index.ts";
import { makePlan, type Plan, type PlanRequest } from "../plan/plan.ts";
import { type EnginePorts, generate } from "./generate.ts";
import type { StepTokens } from "./prefix.ts";
import { seedPictures } from "./seeds.ts";

const kernel = loadKernel(compiledKernel());
const request: PlanRequest = {
  prompt: "fish",
  n: 3,
  size: "auto",
  format: "png",
  partialImages: 0,
  seed: 11,
  vpg: { scale: 0.5 },
};
const planOf = (asked: Partial<PlanRequest> = {}) =>
  makePlan({ ...request, ...asked }, catalogue[0], seedPictures);
const K = catalogue[0].schedules[0]!.steps.length;

interface Run {
  readonly committed: StepTokens[];
  readonly media: readonly Uint8Array[];
  readonly previews: { index: number; step: number; media: readonly Uint8Array[] }[];
}

async function run(
  plan: Plan,
  source: StepSource,
  from: StepTokens[] = [],
  ports: Partial<EnginePorts> = {},
): Promise<Run> {
  const committed = [...from];
  const previews: Run["previews"] = [];
  const { media } = await generate(
    { id: "gen_test", plan, committed: from },
    {
      source,
      kernel,
      now: () => 0,
      later: () => Promise.resolve(),
      commit: (step, tokens) => {
        expect(step).toBe(committed.length);
        committed.push(tokens);
      },
      preview: (index, step, pictures) => previews.push({ index, step, media: pictures }),
      ...ports,
    },
    new AbortController().signal,
  );
  return { committed, media, previews };
}

describe("generate", () => {
  it("draws every step's tokens and decodes them", async () => {
    const { committed, media } = await run(planOf(), noiseSource());
    expect(committed.map((tokens) => tokens.map((one) => one.length))).toEqual(
      planOf().steps.map((step) => Array(3).fill(2 * step.length)),
    );
    expect(media.map((one) => one.length)).toEqual(
      Array(3).fill(2 * planOf().steps.reduce((sum, step) => sum + step.length, 0)),
    );
  });

  it("gives the same picture again, whatever the pieces its bytes arrive in", async () => {
    const whole = await run(planOf(), noiseSource());
    for (const piece of [1021, 3, 1_000_000]) {
      expect((await run(planOf(), noiseSource({ piece }))).media).toEqual(whole.media);
    }
  });

  it("gives the same picture from whatever step it is taken up at", async () => {
    const whole = await run(planOf(), noiseSource());
    for (let k = 0; k <= K; k++) {
      const again = await run(planOf(), noiseSource(), whole.committed.slice(0, k));
      expect(again.media).toEqual(whole.media);
    }
  });

  it("gives each of n pictures alone when asked for its seed", async () => {
    const plan = planOf();
    const { media } = await run(plan, noiseSource());
    expect(new Set(media.map(String)).size).toBe(3);
    for (const [i, { seed }] of plan.pictures.entries()) {
      expect((await run(planOf({ n: 1, seed }), noiseSource())).media).toEqual([media[i]]);
    }
  });

  it("splits the pictures over requests when an endpoint takes fewer, without changing one", async () => {
    const sizes: number[] = [];
    const source = noiseSource({ before: ({ pictures }) => void sizes.push(pictures.length) });
    const split = await run({ ...planOf(), batch: 2 }, source);
    expect(sizes.slice(0, 2)).toEqual([2, 1]);
    expect(split.media).toEqual((await run(planOf(), noiseSource())).media);
  });

  it("asks for the next step before it commits one", async () => {
    const story: string[] = [];
    const source = noiseSource({ before: ({ step }) => void story.push(`ask ${step}`) });
    await run(planOf(), source, [], { commit: (step) => void story.push(`commit ${step}`) });
    for (let k = 0; k + 1 < K; k++) {
      expect(story.indexOf(`ask ${k + 1}`)).toBeLessThan(story.indexOf(`commit ${k}`));
    }
  });

  it("shares a write between steps that are faster than the moment it waits, and loses none to a fault", async () => {
    const story: string[] = [];
    const failing: StepSource = {
      ...noiseSource(),
      async step(request, signal) {
        if (request.step === 3) throw new Fault({ kind: "rejected" }, "noise", "no", "no");
        return noiseSource().step(request, signal);
      },
    };
    const never = () => new Promise<void>(() => undefined);
    const commit = (step: number) => void story.push(`commit ${step}`);
    await expect(run(planOf(), failing, [], { later: never, commit })).rejects.toMatchObject({
      name: "Fault",
    });
    expect(story).toEqual(["commit 0", "commit 1", "commit 2"]);
  });

  it("shows previews in order, and goes without those that cannot be made", async () => {
    const all = await run(planOf({ partialImages: K }), noiseSource());
    expect(all.previews.map(({ index, step }) => [index, step])).toEqual(
      Array.from({ length: K }, (_, k) => [k, k]),
    );
    let decodes = 0;
    const source = noiseSource({
      beforeDecode: () => {
        if (++decodes === 2) throw new Fault({ kind: "overloaded" }, "noise", "no", "busy");
      },
    });
    const fewer = await run(planOf({ partialImages: 3 }), source);
    expect(fewer.previews.map(({ index }) => index)).toEqual([0, 2]);
    expect(fewer.media).toEqual(all.media);
  });

  it("takes a malformed row for a corrupt answer and commits nothing of that step", async () => {
    const source = noiseSource({
      spoil: (bytes, { step }) => {
        if (step === 2) new DataView(bytes.buffer).setUint16(bytes.length - 2, 0x7e00, true);
        return bytes;
      },
    });
    const committed: number[] = [];
    const failing = run(planOf(), source, [], { commit: (step) => void committed.push(step) });
    await expect(failing).rejects.toMatchObject({
      name: "Fault",
      fault: { kind: "corrupt" },
      endpoint: "noise",
    });
    expect(committed).toEqual([0, 1]);
  });

  it("goes on with the same step elsewhere when an answer fails late, and keeps none of its tokens", async () => {
    const undisturbed = await run(planOf(), noiseSource());
    const good = noiseSource();
    const bad = noiseSource({
      spoil: (bytes) => {
        // Of another picture, and malformed in its last row.
        bytes.reverse();
        new DataView(bytes.buffer).setUint16(bytes.length - 2, 0x7e00, true);
        return bytes;
      },
    });
    const told: string[] = [];
    let time = 0;
    const fleet: StepSource = {
      ...good,
      async step(request, signal) {
        const answer = await (request.step === 3 ? bad : good).step(request, signal);
        time += 100;
        return {
          ...answer,
          elsewhere: async (fault) => {
            told.push(fault.fault.kind);
            time += 7;
            const other = await good.step(request, signal);
            return { ...other, route: { endpoint: "other", region: null } };
          },
        };
      },
    };
    const routes: string[] = [];
    const waits: number[] = [];
    const { media } = await run(planOf(), fleet, [], {
      now: () => time,
      later: () => Promise.resolve(),
      commit: (_, __, record) => {
        routes.push(record.routes[0]!.endpoint);
        waits.push(record.waitMs);
      },
    });
    expect(media).toEqual(undisturbed.media);
    expect(told).toEqual(["corrupt"]);
    expect(routes).toEqual(Array.from({ length: K }, (_, k) => (k === 3 ? "other" : "noise")));
    expect(waits[3]).toBe(7);
  });

  it("ends with the last fault when nobody else is left", async () => {
    const last = new Fault({ kind: "overloaded" }, "other", "no", "full");
    const source: StepSource = {
      ...noiseSource(),
      async step(request, signal) {
        const spoil = (bytes: Uint8Array) => bytes.fill(0xff);
        const answer = await noiseSource({ spoil }).step(request, signal);
        return { ...answer, elsewhere: () => Promise.reject(last) };
      },
    };
    await expect(run(planOf(), source)).rejects.toBe(last);
  });

  it("leaves nothing unhandled when it is told to stop while a preview is made", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const controller = new AbortController();
    const source: StepSource = {
      ...noiseSource({
        before: ({ step }) => (step === 2 ? new Promise((_, fail) => setTimeout(fail, 10)) : undefined),
      }),
      decode: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("left")));
          setTimeout(() => controller.abort(new Error("hung up")), 20);
        }),
    };
    const plan = planOf({ partialImages: K });
    const ports = {
      source,
      kernel,
      now: () => 0,
      later: () => Promise.resolve(),
      commit: () => undefined,
      preview: () => undefined,
    };
    await expect(generate({ id: "gen_test", plan, committed: [] }, ports, controller.signal)).rejects.toBe(
      undefined,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  it("stops within a step when it is told to", async () => {
    const controller = new AbortController();
    const committed: number[] = [];
    const running = generate(
      { id: "gen_test", plan: planOf(), committed: [] },
      {
        source: noiseSource(),
        kernel,
        now: () => 0,
        later: () => Promise.resolve(),
        commit: (step) => {
          committed.push(step);
          if (step === 1) controller.abort(new Error("hung up"));
        },
        preview: () => undefined,
      },
      controller.signal,
    );
    await expect(running).rejects.toThrow("hung up");
    expect(committed).toEqual([0, 1]);
  });
});

describe.each([smallInfinity, smallInfinityStar].map((model) => [model.family, model] as const))(
  "generate for %s",
  (_, model) => {
    const own = (asked: Partial<PlanRequest> = {}) =>
      makePlan({ ...request, format: model.formats[0]!, ...asked }, model, seedPictures);

    it("draws every step's tokens in the bytes of that step's bits, unused bits 0", async () => {
      const plan = own();
      const { committed, media } = await run(plan, noiseSource());
      for (const [k, { length, width }] of plan.steps.entries()) {
        const bytes = Math.ceil(width / 8);
        for (const tokens of committed[k]!) {
          expect(tokens.length).toBe(length * bytes);
          const last = tokens.filter((_, i) => i % bytes === bytes - 1);
          expect(last.every((byte) => byte >>> (width - 8 * (bytes - 1)) === 0)).toBe(true);
        }
      }
      expect(media.map(({ length }) => length)).toEqual(
        Array(3).fill(plan.steps.reduce((sum, { length, width }) => sum + length * Math.ceil(width / 8), 0)),
      );
    });

    it("gives the same again, in whatever pieces, and from whatever step it is taken up at", async () => {
      const whole = await run(own(), noiseSource());
      expect((await run(own(), noiseSource({ piece: 5 }))).media).toEqual(whole.media);
      for (let k = 0; k <= own().steps.length; k++) {
        const again = await run(own(), noiseSource(), whole.committed.slice(0, k));
        expect(again.media).toEqual(whole.media);
      }
    });

    it("gives other tokens with VPG than without", async () => {
      const [on, off] = [await run(own(), noiseSource()), await run(own({ vpg: false }), noiseSource())];
      expect(on.media).not.toEqual(off.media);
    });
  },
);
