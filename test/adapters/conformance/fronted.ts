/** What an adapter must make of its cloud's own failures: asked through a front end that can be told to fail. */
import assert from "node:assert/strict";
import type { StepRequest, StepSource } from "../../../adapters/contract.ts";
import type { Check } from "../conformance.ts";
import { json, type ServiceError } from "../gateway/dialect.ts";
import type { Gateway, Misdeed } from "../gateway/gateway.ts";
import { digests, faultOf, type Lab, pictureOf, sourceOf, stepOf, stepsOf, told } from "./lab.ts";

const needsFront = (lab: Lab) => (lab.gateway === null ? "its front end is not ours to command" : null);

function lastStep(lab: Lab, deadlineMs = 30_000): StepRequest {
  const k = stepsOf(lab) - 1;
  return stepOf(lab, [pictureOf(lab, k, 1, "fronted")], k, { deadlineMs });
}

async function misbehaving<T>(
  lab: Lab,
  misdeed: Misdeed,
  work: (gateway: Gateway) => Promise<T>,
): Promise<T> {
  const gateway = lab.gateway!;
  gateway.misbehave(misdeed);
  try {
    return await work(gateway);
  } finally {
    gateway.misbehave(null);
  }
}

/** An adapter that has its tokens: what follows is the inference alone. */
async function warmed(lab: Lab): Promise<StepSource> {
  const source = sourceOf(lab);
  await digests(source, lastStep(lab));
  return source;
}

/** How a step fails under a misdeed: fault and cost. */
async function underMisdeed(lab: Lab, misdeed: Misdeed): Promise<string> {
  const fault = await misbehaving(lab, misdeed, () => faultOf(digests(sourceOf(lab), lastStep(lab))));
  return `${told(fault)} ${fault.billed}`;
}

/** The service's own errors; some clouds say it one way, some another. */
const services: readonly (readonly [ServiceError, readonly string[]])[] = [
  ["throttled", ["overloaded no"]],
  ["unavailable", ["cold no", "overloaded no"]],
  ["notReady", ["cold no"]],
  ["internal", ["unreachable unknown"]],
  ["timeout", ["timeout/head unknown"]],
  ["tooLarge", ["unreachable no"]],
];

/** The container's: status, what it says, what that is. */
const containers: readonly (readonly [number, string, string])[] = [
  [400, "tokens: a token >= V", "rejected no"],
  [400, "Request for unknown model: 'm' is not found", "cold no"],
  [404, "Request for unknown model: 'm' has no available versions", "cold no"],
  [500, "CUDA out of memory", "unreachable unknown"],
  [503, "Server is stopping", "cold no"],
];

/** A part of the body that holds header and stats and the first logits, of a step's tens of kilobytes. */
const part = 20_000;

export const frontedChecks: readonly Check[] = [
  ...services.map(
    ([error, allowed]): Check => ({
      name: `the service's ${error} is ${allowed.join(" or ")}`,
      unless: (lab) => needsFront(lab) ?? (lab.gateway?.has(error) ? null : "the service has no such error"),
      async run(lab) {
        const fault = await underMisdeed(lab, { kind: "service", error });
        assert(allowed.includes(fault), fault);
      },
    }),
  ),
  ...containers.map(
    ([status, error, expected]): Check => ({
      name: `the container's ${status} "${error}" is ${expected}`,
      unless: needsFront,
      async run(lab) {
        // Triton leaves errors without their content type.
        const reply = { ...json(status, { error }), headers: {} };
        assert.equal(await underMisdeed(lab, { kind: "container", reply }), expected);
      },
    }),
  ),
  ...(
    [
      ["silence", { kind: "hang" }, "timeout/head unknown"],
      ["an answer that stalls", { kind: "stall", bytes: part }, "timeout/body yes"],
    ] as const
  ).map(
    ([what, misdeed, expected]): Check => ({
      name: `${what} is ${expected}, and is left at the deadline`,
      unless: needsFront,
      async run(lab) {
        const source = await warmed(lab);
        const asked = performance.now();
        await digests(source, lastStep(lab));
        // Time enough for the head, also from a server that is busy.
        const deadlineMs = Math.max(300, Math.ceil(5 * (performance.now() - asked)));
        await misbehaving(lab, misdeed, async (gateway) => {
          const left = gateway.left();
          const began = performance.now();
          const fault = await faultOf(digests(source, lastStep(lab, deadlineMs)));
          assert.equal(`${told(fault)} ${fault.billed}`, expected);
          const took = (await left) - began;
          assert(took < deadlineMs + 200, `after ${took} ms of ${deadlineMs}`);
        });
      },
    }),
  ),
  {
    name: "an answer that is cut off is unreachable, and billed",
    unless: needsFront,
    async run(lab) {
      assert.equal(await underMisdeed(lab, { kind: "cut", bytes: part }), "unreachable yes");
    },
  },
  {
    name: "a connection that is reset is unreachable",
    unless: needsFront,
    async run(lab) {
      assert.equal(await underMisdeed(lab, { kind: "reset" }), "unreachable unknown");
    },
  },
  {
    name: "an abort closes the upstream connection within 100 ms, before the head and among the logits",
    unless: needsFront,
    async run(lab) {
      for (const misdeed of [{ kind: "hang" }, { kind: "stall", bytes: part }] as const) {
        await misbehaving(lab, misdeed, async (gateway) => {
          const controller = new AbortController();
          const held = gateway.held();
          const failing = faultOf(digests(sourceOf(lab), lastStep(lab), controller.signal));
          await held;
          const left = gateway.left();
          const began = performance.now();
          controller.abort();
          assert.equal(told(await failing), "cancelled");
          const took = (await left) - began;
          assert(took < 100, `${misdeed.kind}: after ${took} ms`);
        });
      }
    },
  },
  {
    name: "leaving the logits closes the upstream connection within 100 ms",
    unless: needsFront,
    async run(lab) {
      await misbehaving(lab, { kind: "stall", bytes: part }, async (gateway) => {
        const { logits } = await sourceOf(lab).step(lastStep(lab), new AbortController().signal);
        const left = gateway.left();
        let began = 0;
        for await (const _ of logits) {
          began = performance.now();
          break;
        }
        const took = (await left) - began;
        assert(took < 100, `after ${took} ms`);
      });
    },
  },
  {
    name: "what exceeds a ceiling goes in parts, and comes back as one answer",
    unless: needsFront,
    async run(lab) {
      const k = stepsOf(lab) - 1;
      const pictures = [1, 2, 3, 4, 5].map((seed) => pictureOf(lab, k, seed, `part ${seed}`));
      const whole = stepOf(lab, pictures, k);
      const each = whole.length * whole.width * whole.branches * 2;
      const limits = { ...lab.provider.limits, answerBytes: 2 * each + 17_000 };
      const narrow = { ...lab, provider: { ...lab.provider, limits } };
      const before = lab.gateway!.passed.length;
      const inParts = await digests(sourceOf(narrow), whole);
      const sizes = lab.gateway!.passed.slice(before);
      assert.equal(sizes.length, 3);
      assert(
        sizes.every((size) => size <= limits.answerBytes),
        `${sizes}`,
      );
      const alone = await Promise.all(
        pictures.map((picture) => digests(sourceOf(lab), { ...whole, pictures: [picture] })),
      );
      assert.deepEqual(inParts, alone.flat());
      const tight = { ...narrow, provider: { ...lab.provider, limits: { ...limits, answerBytes: each } } };
      const fault = await faultOf(digests(sourceOf(tight), whole));
      assert.equal(`${told(fault)} ${fault.billed}`, "rejected no");
    },
  },
];
