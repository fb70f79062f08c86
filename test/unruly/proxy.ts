/** A proxy before a real endpoint that misbehaves on request: what the tests of failing use. */
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Misdeed, Seen } from "./misdeed.ts";

/** Starts it; `POST /misdeeds` sets what to do, `GET /seen` tells what came since. */
export async function startUnruly(target: string): Promise<{ url: string; close: () => void }> {
  let misdeeds: { misdeed: Misdeed; left: number }[] = [];
  let seen: Seen[] = [];

  const server = createServer(async (incoming, outgoing) => {
    const body = await read(incoming);
    if (incoming.url === "/misdeeds") {
      misdeeds = (JSON.parse(body.toString()) as Misdeed[]).map((misdeed) => ({
        misdeed,
        left: misdeed.times,
      }));
      seen = [];
      outgoing.end();
    } else if (incoming.url === "/seen") {
      outgoing.end(JSON.stringify(seen));
    } else {
      const entry = { id: idOf(incoming, body), aborted: false };
      seen.push(entry);
      outgoing.on("close", () => {
        entry.aborted = !outgoing.writableFinished;
      });
      const found = misdeeds.find(({ misdeed, left }) => left > 0 && entry.id.endsWith(misdeed.suffix));
      if (found) found.left -= 1;
      await serve(found?.misdeed.act ?? null, target, incoming, body, outgoing);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function serve(
  act: Misdeed["act"] | null,
  target: string,
  incoming: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
): Promise<void> {
  if (act?.kind === "refuse") {
    outgoing.writeHead(act.status).end('{"error":"told to refuse"}');
    return;
  }
  if (act?.kind === "say") {
    outgoing.writeHead(act.status, act.headers).end(act.body);
    return;
  }
  if (act?.kind === "hold") await new Promise((resolve) => setTimeout(resolve, act.ms).unref());
  if (outgoing.destroyed) return;
  const onward = forward(new URL(incoming.url!, target), {
    method: incoming.method,
    headers: incoming.headers,
  });
  onward.on("error", () => outgoing.destroy());
  outgoing.on("close", () => onward.destroy());
  onward.on("response", async (answer) => {
    if (act?.kind !== "cut") {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
      return;
    }
    const whole = await read(answer);
    outgoing.writeHead(answer.statusCode!, answer.headers);
    outgoing.write(whole.subarray(0, whole.length / 2), () => outgoing.destroy());
  });
  onward.end(body);
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function idOf(incoming: IncomingMessage, body: Buffer): string {
  const length = Number(incoming.headers["inference-header-content-length"] ?? 0);
  return length > 0 ? (JSON.parse(body.subarray(0, length).toString()).id ?? "") : "";
}
