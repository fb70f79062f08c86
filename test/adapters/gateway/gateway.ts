/** A cloud's front end on this machine: it checks who asks and what it lets through, and misbehaves when told to. */
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { wholeOf } from "../whole.ts";
import { type Dialect, json, type Received, type Reply, type ServiceError } from "./dialect.ts";

/** What to do to the next inferences. */
export type Misdeed =
  | { readonly kind: "service"; readonly error: ServiceError }
  /** The container answers this. */
  | { readonly kind: "container"; readonly reply: Reply }
  /** No head, ever. */
  | { readonly kind: "hang" }
  /** The socket is reset before the head. */
  | { readonly kind: "reset" }
  /** So many bytes of the body, then nothing. */
  | { readonly kind: "stall"; readonly bytes: number }
  /** So many bytes of the body, then the socket is closed. */
  | { readonly kind: "cut"; readonly bytes: number };

export interface Gateway {
  readonly url: string;
  /** What to do from now on; null: nothing. */
  misbehave(misdeed: Misdeed | null): void;
  /** Sizes of the answers that were let through since the start. */
  readonly passed: readonly number[];
  /** Resolves with the moment at which the next inference's connection is closed by the caller. */
  left(): Promise<number>;
  /** Resolves when the next inference hangs or stalls. */
  held(): Promise<void>;
  /** Whether the service has such an error. */
  has(error: ServiceError): boolean;
  close(): Promise<void>;
}

/**
 * @param dialect whose front end
 * @param container where what it fronts is
 * @returns it, on a port of the system's choice
 */
export async function startGateway(dialect: Dialect, container: string): Promise<Gateway> {
  const passed: number[] = [];
  let misdeed: Misdeed | null = null;
  let leaving = Promise.withResolvers<number>();
  let holding = Promise.withResolvers<void>();

  const server = createServer(async (incoming, response) => {
    const request = await received(incoming, dialect.limits.requestBytes);
    if (request === null) return send(response, dialect.refuse("tooLarge") ?? json(413, {}));
    const own = dialect.own(request);
    if (own !== null) return send(response, own);
    const refusal = dialect.authorize(request);
    if (refusal !== null) return send(response, refusal);
    response.on("close", () => response.writableFinished || leaving.resolve(performance.now()));
    if (misdeed?.kind === "hang") return holding.resolve();
    if (misdeed?.kind === "reset") return void incoming.socket.resetAndDestroy();
    if (misdeed?.kind === "service") return send(response, dialect.refuse(misdeed.error)!);
    const reply =
      misdeed?.kind === "container" ? misdeed.reply : await ask(dialect, container, request, response);
    if (reply === null) return send(response, dialect.refuse("timeout")!);
    const { answerBytes } = dialect.limits;
    if (answerBytes !== null && reply.body.byteLength > answerBytes)
      return send(response, dialect.refuse("tooLarge") ?? json(500, {}));
    passed.push(reply.body.byteLength);
    const answer = dialect.answer(reply, request);
    if (misdeed?.kind === "cut") return sendPart(response, answer, misdeed.bytes, () => response.destroy());
    if (misdeed?.kind === "stall") return sendPart(response, answer, misdeed.bytes, holding.resolve);
    send(response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    passed,
    misbehave(next) {
      misdeed = next;
    },
    left() {
      leaving = Promise.withResolvers<number>();
      return leaving.promise;
    },
    held() {
      holding = Promise.withResolvers<void>();
      return holding.promise;
    },
    has: (error) => dialect.refuse(error) !== null,
    close: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()),
  };
}

/** The request, or null as soon as it is too large. */
async function received(incoming: IncomingMessage, most: number | null): Promise<Received | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    length += part.byteLength;
    if (most !== null && length > most) return null;
    parts.push(part);
  }
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: incoming.method ?? "",
    path: incoming.url ?? "",
    headers: Object.fromEntries(headers),
    body: Buffer.concat(parts),
  };
}

/** Of one connection, not of the message. */
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** The container's answer, null when it took too long; left when the caller leaves. */
function ask(
  dialect: Dialect,
  container: string,
  request: Received,
  response: ServerResponse,
): Promise<Reply | null> {
  const { path, headers } = dialect.forward(request);
  return new Promise((resolve) => {
    const onward = forward(new URL(path, container), {
      method: "POST",
      headers: { ...headers, "content-length": request.body.byteLength },
    });
    const timer = setTimeout(() => onward.destroy(), dialect.limits.timeoutMs ?? 2 ** 31 - 1);
    response.on("close", () => onward.destroy());
    onward.on("close", () => clearTimeout(timer));
    onward.on("error", () => resolve(null));
    onward.on("response", async (answer) => {
      const names = Object.entries(answer.headers)
        .filter(([name]) => !hopByHop.has(name))
        .map(([name, value]) => [name, String(value)]);
      const body = await wholeOf(answer).catch(() => null);
      resolve(body && { status: answer.statusCode!, headers: Object.fromEntries(names), body });
    });
    onward.end(request.body);
  });
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, "content-length": body.byteLength }).end(body);
}

function sendPart(
  response: ServerResponse,
  { status, headers, body }: Reply,
  bytes: number,
  then: () => void,
): void {
  response.writeHead(status, { ...headers, "content-length": body.byteLength });
  response.write(body.subarray(0, bytes), then);
}
