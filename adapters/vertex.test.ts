/** Tokens of the Vertex adapter: one exchange for all who wait, renewed in time, forgotten when refused; and how an exchange fails. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf, never } from "../test/adapters/failures.ts";
import { json } from "../test/adapters/gateway/dialect.ts";
import { type Gateway, startGateway } from "../test/adapters/gateway/gateway.ts";
import { type Google, google } from "../test/adapters/gateway/google.ts";
import { place, vertexDialect } from "../test/adapters/gateway/vertex.ts";
import { serve } from "../test/adapters/server.ts";
import { gathered, numerics, stepAnswer, stepRequest } from "../test/adapters/steps.ts";
import { vertex } from "./vertex.ts";

const good = stepAnswer(stepRequest);
let accounts: Google;
let gateway: Gateway;

beforeEach(async () => {
  accounts = google();
  gateway = await startGateway(vertexDialect(accounts, true, true), "http://127.0.0.1:1");
  const headers = { "inference-header-content-length": String(good.headerLength) };
  gateway.misbehave({ kind: "container", reply: { status: 200, headers, body: Buffer.from(good.body) } });
});
afterEach(async () => {
  await gateway.close();
});

const sourceOf = (change: Partial<Parameters<typeof vertex>[0]> = {}) =>
  vertex({
    ...place,
    name: "v",
    numerics,
    url: gateway.url,
    account: accounts.keyFile(gateway.url),
    ...change,
  });

const ask = async (source: ReturnType<typeof vertex>) =>
  gathered((await source.step(stepRequest, never)).logits);

describe("a token", () => {
  test("is exchanged once for everybody who waits, and used again", async () => {
    const source = sourceOf();
    await Promise.all(Array.from({ length: 8 }, () => ask(source)));
    await ask(source);
    expect(accounts.given.count).toBe(1);
  });

  test("is renewed five minutes before its end", async () => {
    let now = Date.now();
    const source = sourceOf({ now: () => now });
    await ask(source);
    now += 3_250_000;
    await ask(source);
    expect(accounts.given.count).toBe(1);
    now += 50_000;
    // The assertion's times are ahead of Google's clock by an hour: what counts here is that one is asked for.
    await expect(ask(source)).rejects.toMatchObject({ fault: { kind: "credentials" } });
  });

  test("that is refused is forgotten: the next call has another", async () => {
    const source = sourceOf();
    await ask(source);
    accounts.revoke();
    const fault = await failureOf(source);
    expect(fault).toMatchObject({ fault: { kind: "credentials" }, billed: "no" });
    // Google's front end here repeats what it was shown.
    expect(fault.message).toContain("Bearer ***");
    expect(fault.message).not.toContain("ya29.");
    await ask(source);
    expect(accounts.given.count).toBe(2);
  });

  test("that is refused once more when the next is in use stays forgotten, and the next is kept", async () => {
    const [arrived, handedOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let refused = 0;
    const holding: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      if (answer.status !== 401 || ++refused > 1) return answer;
      arrived.resolve();
      await handedOn.promise;
      return answer;
    };
    const source = sourceOf({ fetch: holding });
    await ask(source);
    accounts.revoke();
    const late = failureOf(source);
    await arrived.promise;
    await failureOf(source);
    await ask(source);
    handedOn.resolve();
    expect(await late).toMatchObject({ fault: { kind: "credentials" } });
    await ask(source);
    expect(accounts.given.count).toBe(2);
  });

  test("that is asked for by a caller who leaves serves the others all the same", async () => {
    const source = sourceOf();
    const controller = new AbortController();
    const left = source.step(stepRequest, controller.signal).catch((error: unknown) => error);
    const stayed = ask(source);
    controller.abort();
    expect(await left).toMatchObject({ fault: { kind: "cancelled" }, billed: "no" });
    await stayed;
    expect(accounts.given.count).toBe(1);
  });
});

describe("an exchange", () => {
  const failing = async (reply: { status: number; body: Buffer } | null, deadlineMs = 5000) => {
    await using server = await serve((response) => {
      if (reply !== null) response.writeHead(reply.status).end(reply.body);
    });
    const source = sourceOf({ account: accounts.keyFile(server.url) });
    const { fault, billed, message } = await failureOf(source, { ...stepRequest, deadlineMs });
    return { ...fault, billed, message };
  };

  test.each([
    [json(400, { error: "invalid_grant" }), "credentials"],
    [json(401, {}), "credentials"],
    [json(429, {}), "unreachable"],
    [json(500, {}), "unreachable"],
    [json(200, {}), "unreachable"],
    [{ status: 200, body: Buffer.from("<html>") }, "unreachable"],
  ])("that is answered %o is %s, and free", async (reply, kind) => {
    expect(await failing(reply)).toMatchObject({ kind, billed: "no" });
  });

  test("that is not answered is a timeout before anything reached the endpoint", async () => {
    expect(await failing(null, 150)).toMatchObject({ kind: "timeout", phase: "connect", billed: "no" });
  });

  test("with a key that is none is a matter of credentials, and does not repeat it", async () => {
    const file = { ...JSON.parse(accounts.keyFile(gateway.url)), private_key: "c2VjcmV0IGtleQ==" };
    const failure = await failureOf(sourceOf({ account: JSON.stringify(file) }));
    expect(failure.fault.kind).toBe("credentials");
    expect(failure.message).not.toContain("c2VjcmV0");
  });
});

test("an answer without Triton's length header is read by the end of its JSON", async () => {
  const json = new TextDecoder().decode(good.body.subarray(0, good.headerLength)).trimEnd();
  const body = Buffer.concat([Buffer.from(json), good.body.subarray(good.headerLength)]);
  gateway.misbehave({ kind: "container", reply: { status: 200, headers: {}, body } });
  expect((await ask(sourceOf())).byteLength).toBe(4 * 2 * 16 * 2);
});
