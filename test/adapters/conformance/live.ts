/** What an adapter must do before any live endpoint of its kind, a cloud's included. */
import assert from "node:assert/strict";
import type { StepRequest } from "../../../adapters/contract.ts";
import { uint16s } from "../../../kernels/local/asking.ts";
import probe from "../../vectors/probe.json" with { type: "json" };
import type { Check } from "../conformance.ts";
import {
  decodeOf,
  digest,
  digests,
  faultOf,
  type Lab,
  never,
  pictureOf,
  secretsOf,
  sourceOf,
  stepOf,
  stepsOf,
  told,
} from "./lab.ts";
import { type Spoiling, spoiler } from "./spoil.ts";

const knownAnswer = ({ model, entry }: Lab): string | undefined =>
  model.id === probe.model ? (probe.answers as Record<string, string>)[entry.numerics.class] : undefined;

/** One of the probe's inputs. */
const dataOf = (name: string) => probe.inputs.find((input) => input.name === name)!.data;

/** One that is a single number. */
const numberOf = (name: string) => Number(dataOf(name)[0]);

/** Prefix keys that no run before has used: the first answer under one is a miss. */
const freshKey = () => `conformance-${crypto.randomUUID()}`;

/** The last step, the largest, of one picture. */
function lastStep(lab: Lab, seed = 1, wish: Parameters<typeof stepOf>[3] = {}): StepRequest {
  const k = stepsOf(lab) - 1;
  return stepOf(lab, [pictureOf(lab, k, seed, freshKey())], k, wish);
}

/** A fetch that aborts nothing: it tells when it was called. */
function watched(): { readonly fetch: typeof fetch; readonly sent: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    sent: promise,
    async fetch(input, init) {
      if (init?.body instanceof Uint8Array) setTimeout(resolve, 0);
      return await fetch(input, init);
    },
  };
}

const spoilings: readonly Spoiling[] = ["short", "cut short", "long", "garbage", "empty", "endless"];

const serves = (what: "step" | "decode") => (lab: Lab) =>
  lab.entry.serves.includes(what) ? null : `it does not serve ${what}`;

const exactOnly = (lab: Lab) =>
  serves("step")(lab) ?? (lab.entry.numerics.exact ? null : "its numerics class is not exact");

function identified(lab: Lab): string | null {
  return serves("step")(lab) ?? (secretsOf(lab).length > 0 ? null : "it asks nobody who they are");
}

/** One that is as long, so that only its value is wrong; a key file names another key. */
function wrong(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (!value.startsWith("{")) return `${[...value].reverse().join("")}0`;
  return JSON.stringify({ ...JSON.parse(value), client_email: "nobody@nowhere.example" });
}

function assertSecretFree(lab: Lab, error: Error): void {
  const texts = [error.message, String(error.stack), JSON.stringify(error), String(error.cause ?? "")];
  for (const secret of secretsOf(lab)) {
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
      assert(!texts.some((text) => text.includes(form)), "a secret stands in the error");
  }
}

export const liveChecks: readonly Check[] = [
  {
    name: "every step comes whole, with and without a corrupted branch",
    unless: serves("step"),
    async run(lab) {
      const source = sourceOf(lab);
      const key = freshKey();
      for (let k = 0; k < stepsOf(lab); k++) {
        const both = stepOf(lab, [pictureOf(lab, k, 3, key)], k);
        await digests(source, both);
        const alone = {
          ...pictureOf(lab, k, 3, key),
          corruption: { ...both.pictures[0]!.corruption, ratio: 0 },
        };
        await digests(source, { ...both, branches: 1, pictures: [alone] });
      }
    },
  },
  {
    name: "same input, same digest: cold, warm, under another key",
    unless: exactOnly,
    async run(lab) {
      const source = sourceOf(lab);
      const asked = lastStep(lab);
      const [cold] = await digests(source, asked);
      assert.deepEqual(await digests(source, asked), [cold], "warm");
      assert.deepEqual(await digests(source, lastStep(lab)), [cold], "another key");
    },
  },
  {
    name: "same input, same digest: alone, and beside others in one request and in many",
    unless: exactOnly,
    async run(lab) {
      const source = sourceOf(lab);
      const k = stepsOf(lab) - 1;
      const [alone] = await digests(source, lastStep(lab));
      const beside = stepOf(
        lab,
        [7, 8, 1, 9].map((seed) => pictureOf(lab, k, seed, freshKey())),
        k,
      );
      assert.equal((await digests(source, beside))[2], alone, "in one request");
      const crowd = await Promise.all([1, 5, 1, 6, 1].map((seed) => digests(source, lastStep(lab, seed))));
      assert.deepEqual([crowd[0], crowd[2], crowd[4]], [[alone], [alone], [alone]], "at once");
    },
  },
  {
    name: "the known-answer probe gets the known answer",
    unless: (lab) =>
      serves("step")(lab) ??
      (knownAnswer(lab) === undefined ? "no answer is known for its numerics class" : null),
    async run(lab) {
      const condition = { kind: "class", index: numberOf("class") } as const;
      const [step, prefix] = [numberOf("step"), uint16s(dataOf("tokens") as number[])];
      const asked = {
        ...pictureOf(lab, step, 0, freshKey()),
        ...{ condition, prefix, guidance: dataOf("guidance") as number[] },
        corruption: {
          kind: "embedding",
          ratio: numberOf("corruption_ratio"),
          seed: numberOf("corruption_seed"),
        },
      } as const;
      assert.deepEqual(await digests(sourceOf(lab), stepOf(lab, [asked], step)), [knownAnswer(lab)]);
    },
  },
  {
    name: "tokens become the same file twice",
    unless: serves("decode"),
    async run(lab) {
      const source = sourceOf(lab);
      const answers = await Promise.all([1, 1].map(() => source.decode(decodeOf(lab, [2, 3]), never)));
      const [a, b] = answers.map(({ media }) => media.map(digest));
      assert.equal(a!.length, 2);
      assert.notEqual(a![0], a![1]);
      assert.deepEqual(a, b);
    },
  },
  {
    name: "a bad request is rejected, and says why",
    unless: serves("step"),
    async run(lab) {
      const fault = await faultOf(digests(sourceOf(lab), lastStep(lab, 1, { schedule: "no such schedule" })));
      assert.equal(told(fault), "rejected");
      assert.equal(fault.billed, "no");
      assert.match(fault.message, /schedule/);
    },
  },
  {
    name: "a model that is not there is cold",
    unless: (lab) => serves("step")(lab) ?? (reachesAny(lab) ? null : "its front end reaches one model"),
    async run(lab) {
      const fault = await faultOf(digests(sourceOf(lab), lastStep(lab, 1, { model: "no-such-model" })));
      assert.equal(told(fault), "cold");
    },
  },
  {
    name: "wrong credentials are the fault credentials, and stay secret",
    unless: identified,
    async run(lab) {
      const secrets = (name: string) => wrong(lab.secrets(name));
      const fault = await faultOf(digests(sourceOf(lab, { secrets }), lastStep(lab)));
      assert.equal(told(fault), "credentials");
      assert.equal(fault.billed, "no");
      assertSecretFree({ ...lab, secrets }, fault);
    },
  },
  {
    name: "secrets do not come back out of a failing network",
    unless: identified,
    async run(lab) {
      const failing: typeof fetch = async (_, init) => {
        throw new TypeError(
          `cannot send ${JSON.stringify([...new Headers(init?.headers)])} ${secretsOf(lab)}`,
        );
      };
      const fault = await faultOf(digests(sourceOf(lab, { fetch: failing }), lastStep(lab)));
      assert.equal(told(fault), "unreachable");
      assertSecretFree(lab, fault);
    },
  },
  {
    name: "a caller that aborts is heard within 100 ms, before the head",
    unless: serves("step"),
    async run(lab) {
      const { fetch, sent } = watched();
      const controller = new AbortController();
      const failing = faultOf(digests(sourceOf(lab, { fetch }), lastStep(lab), controller.signal));
      await sent;
      const began = performance.now();
      controller.abort();
      assert.equal(told(await failing), "cancelled");
      assert(performance.now() - began < 100, `after ${performance.now() - began} ms`);
    },
  },
  {
    name: "an abort before the call sends nothing",
    unless: serves("step"),
    async run(lab) {
      const unused: typeof fetch = () => Promise.reject(new Error("it was sent"));
      const fault = await faultOf(
        digests(sourceOf(lab, { fetch: unused }), lastStep(lab), AbortSignal.abort()),
      );
      assert.equal(told(fault), "cancelled");
      assert.equal(fault.billed, "no");
    },
  },
  {
    name: "a deadline that cannot be met is a timeout",
    unless: serves("step"),
    async run(lab) {
      const fault = await faultOf(digests(sourceOf(lab), lastStep(lab, 1, { deadlineMs: 1 })));
      assert.equal(fault.fault.kind, "timeout");
    },
  },
  {
    name: "an answer of another revision or numerics class is corrupt",
    unless: serves("step"),
    async run(lab) {
      const asked = { ...lastStep(lab), revision: "0".repeat(64) };
      assert.equal(told(await faultOf(digests(sourceOf(lab), asked))), "corrupt");
      const entry = { ...lab.entry, numerics: { class: "another", exact: true } };
      assert.equal(told(await faultOf(digests(sourceOf({ ...lab, entry }), lastStep(lab)))), "corrupt");
    },
  },
  ...spoilings.map(
    (how): Check => ({
      name: `an answer that is spoilt (${how}) is corrupt, and takes bounded memory`,
      unless: serves("step"),
      async run(lab) {
        const { fetch, taken } = spoiler(how);
        const fault = await faultOf(digests(sourceOf(lab, { fetch }), lastStep(lab)));
        assert.equal(told(fault), "corrupt");
        assert(taken() < 2 ** 20, `${taken()} bytes were taken`);
      },
    }),
  ),
];

function reachesAny({ provider }: Lab): boolean {
  if (provider.kind === "vertex") return provider.redirect;
  if (provider.kind === "oip") return provider.url.includes("{model}");
  return provider.kind !== "sagemaker";
}
