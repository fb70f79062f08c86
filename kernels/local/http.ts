/** The protocol's HTTP face (Open Inference Protocol v2, as a Triton answers it). */
import type { IncomingMessage, ServerResponse } from "node:http";
import { contentType, headerLengthField } from "../../adapters/oip/frame.ts";
import { Malformed } from "../../adapters/oip/malformed.ts";
import { answer, type Service } from "./answer.ts";
import { describeModel } from "./metadata.ts";
import { Refused } from "./refused.ts";

/** Told of every request that was answered. */
export type Log = (line: string) => void;

/** A request of the largest batch takes a few kilobytes. */
const longestBody = 1024 * 1024;

/** Answers before there is a service: alive, not ready. */
export async function refuseEarly(_: IncomingMessage, response: ServerResponse): Promise<void> {
  sendJson(response, 503, { error: "no model is ready" });
}

/**
 * @param services what answers, one a model
 * @param log told of every inference and every failure
 * @returns a listener for `node:http`
 */
export function createListener(services: readonly Service[], log: Log) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const begin = performance.now();
    const path = (request.url ?? "/").split("?")[0]!;
    try {
      await route(services, request, path, response, gone.signal);
    } catch (error) {
      if (gone.signal.aborted) return log(`${path} dropped: the caller left`);
      const { status, message } = explain(error);
      if (status === 500) log(`${path} failed: ${error instanceof Error ? error.stack : String(error)}`);
      sendJson(response, status, { error: message });
    }
    if (request.method === "POST") {
      log(`${path} ${response.statusCode} in ${Math.round(performance.now() - begin)} ms`);
    }
  };
}

async function route(
  services: readonly Service[],
  request: IncomingMessage,
  path: string,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const ready = services.every(({ engine }) => engine.pool.ready);
  if (path === "/v2")
    return sendJson(response, 200, { name: "vpg-edge", version: "1", extensions: ["binary_tensor_data"] });
  if (path === "/v2/health/live") return send(response, 200);
  if (path === "/v2/health/ready") return send(response, ready ? 200 : 503);
  const match = /^\/v2\/models\/([^/]+)(?:\/versions\/1)?(?:\/(ready|infer))?$/.exec(path);
  if (!match) throw new Refused(404, `no such path: ${path}`);
  const [, name, verb] = match as unknown as [string, string, string?];
  const service = services.find(
    ({ engine: { model } }) => name === model.id || name === `${model.id}.decode`,
  );
  if (service === undefined) {
    throw new Refused(404, `Request for unknown model: '${name}' is not found`);
  }
  if (verb === "ready") return send(response, ready ? 200 : 503);
  if (verb === undefined) return sendJson(response, 200, describeModel(service.engine.model, name));
  if (request.method !== "POST") throw new Refused(405, "infer takes POST");
  if (!ready) throw new Refused(503, `model '${name}' is not ready`);
  const headerLength = request.headers[headerLengthField];
  const frame = await answer(
    service,
    {
      model: name,
      headerLength: typeof headerLength === "string" ? headerLength : null,
      body: await readBody(request),
    },
    signal,
  );
  response.writeHead(200, {
    "content-type": contentType,
    "content-length": frame.body.byteLength,
    [headerLengthField]: frame.headerLength,
  });
  response.end(frame.body);
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.byteLength;
    if (length > longestBody) throw new Refused(413, `a body of more than ${longestBody} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function explain(error: unknown): { status: number; message: string } {
  if (error instanceof Refused) return { status: error.status, message: error.message };
  if (error instanceof Malformed) return { status: 400, message: error.message };
  return { status: 500, message: "the endpoint failed" };
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  const body = JSON.stringify(value);
  // A refusal may leave a body unread: the connection cannot be used again.
  const close = status >= 400 ? { connection: "close" } : {};
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...close,
  });
  response.end(body);
}

function send(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0 });
  response.end();
}
