/** A local HTTP server for one test, which knows when its callers went away. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** Requests that came in whole. */
  readonly seen: readonly Seen[];
  /** Resolves with the moment (performance.now) at which the next connection is closed by the caller. */
  readonly left: Promise<number>;
}

/**
 * @param answer what to do with a request that came in whole
 * @returns the server, on a port of the system's choice
 */
export async function serve(
  answer: (response: ServerResponse, request: Seen) => void | Promise<void>,
): Promise<TestServer> {
  const seen: Seen[] = [];
  const left = Promise.withResolvers<number>();
  const server = createServer(async (request, response) => {
    response.on("close", () => response.writableFinished || left.resolve(performance.now()));
    const body = await bodyOf(request);
    const one = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body };
    seen.push(one);
    await answer(response, one);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    left: left.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * A server below HTTP: says what it is told, byte for byte.
 *
 * @param speak what to do once a caller has sent its first bytes
 * @returns its url and a way to end it
 */
export async function serveRaw(speak: (socket: Socket) => void): Promise<AsyncDisposable & { url: string }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => speak(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  try {
    for await (const part of request) parts.push(part as Buffer);
  } catch {
    // The caller left; whoever waits for that learns it from `left`.
  }
  return new Uint8Array(Buffer.concat(parts));
}
