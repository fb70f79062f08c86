/** The real processes: SIGKILL in the middle of a picture, and a client that hangs up its socket. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startEndpoint } from "../../kernels/local/server.ts";
import { builtIn } from "../../scripts/built-in.ts";
import { developmentKey } from "../../scripts/development-key.ts";
import { migrate } from "../../scripts/migrate.ts";
import { freePort } from "../../scripts/port.ts";
import { endWorker, startWorker, type WorkerProcess } from "../../scripts/worker-process.ts";
import { linesOf } from "../sse.ts";
import { startUnruly } from "../unruly/proxy.ts";

const folder = mkdtempSync(join(tmpdir(), "vpg-edge-"));
const asked = { prompt: "house", n: 2, seed: 5, vpg: { scale: 1 } };
let endpoint: Awaited<ReturnType<typeof startEndpoint>>;
let unruly: Awaited<ReturnType<typeof startUnruly>>;
let worker: WorkerProcess;
let port: number;
let authorization: string;

beforeAll(async () => {
  endpoint = await startEndpoint({ port: 0 });
  unruly = await startUnruly(endpoint.url);
  port = await freePort();
  await migrate(folder);
  await start();
  authorization = `Bearer ${await developmentKey(`http://localhost:${port}`, folder)}`;
}, 120_000);

afterAll(async () => {
  endWorker(worker, "SIGKILL");
  unruly.close();
  await endpoint.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const { url } = unruly;
  worker = startWorker({
    port,
    folder,
    providers: builtIn({ url, models: endpoint.models }),
    log: () => undefined,
  });
  await worker.ready;
}

const post = (body: object) =>
  fetch(`http://localhost:${port}/v1/images/generations`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization },
    body: JSON.stringify(body),
  });

const get = (path: string) => fetch(`http://localhost:${port}${path}`, { headers: { authorization } });

const hold = (suffix: string) =>
  fetch(`${unruly.url}/misdeeds`, {
    method: "POST",
    body: JSON.stringify([{ suffix, times: 1, act: { kind: "hold", ms: 20_000 } }]),
  });

/** Reads until the comment of a committed step and what comes with it; leaving the loop closes the socket. */
async function until(response: Response, comment: string, also = async () => {}): Promise<void> {
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(comment)) return also();
  }
  throw new Error(`the stream ended without ${comment}: ${text}`);
}

async function pictures(response: Response): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { type, data } of linesOf(response)) {
    if (type === "image_generation.completed") found.push(data.b64_json);
  }
  return found;
}

it.each([1, 3])(
  "gives the same bytes after SIGKILL during step %i",
  async (step) => {
    const undisturbed = await pictures(await post({ ...asked, stream: true }));
    await hold(`-${step}`);
    const response = await post({ ...asked, stream: true });
    const id = response.headers.get("x-generation-id");
    await until(response, `: step ${step - 1}`);
    endWorker(worker, "SIGKILL");
    await start();
    const path = `/v1/generations/${id}`;
    expect(await pictures(await get(`${path}/events`))).toEqual(undisturbed);
    expect(await (await get(path)).json()).toMatchObject({ status: "completed" });
  },
  120_000,
);

it("stops within seconds of a socket that closes, cancels the step under way, and goes on when followed", async () => {
  const undisturbed = await pictures(await post({ ...asked, stream: true }));
  await hold("-3");
  const response = await post({ ...asked, stream: true });
  const id = response.headers.get("x-generation-id");
  const last = async () => {
    const seen: { id: string; aborted: boolean }[] = await (await fetch(`${unruly.url}/seen`)).json();
    return seen.at(-1);
  };
  await until(response, ": step 2", () =>
    expect.poll(last, { timeout: 5_000 }).toEqual({ id: `${id}-3`, aborted: false }),
  );
  const path = `/v1/generations/${id}`;
  const status = async () => (await (await get(path)).json()).status;
  await expect.poll(status, { timeout: 8_000, interval: 200 }).toBe("stopped");
  expect(await last()).toEqual({ id: `${id}-3`, aborted: true });
  expect(await pictures(await get(`${path}/events`))).toEqual(undisturbed);
}, 60_000);
