/** A proxy before one endpoint, which spoils the answers that it is told to spoil; told by a function, not over its port. */
import {
  Agent,
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { headerLengthField } from "../../../adapters/oip/frame.ts";
import { freePort } from "../../../scripts/port.ts";
import { type Answer, layoutOf } from "./answer.ts";
import { type Asked, askedOf } from "./asked.ts";
import { deliver, send } from "./deliver.ts";
import type { Fault } from "./fault.ts";

export interface ProxyOptions {
  readonly target: string;
  /** What to do to the answer of this request; null: nothing. Asked once a request, when it has come in whole. */
  readonly decide: (asked: Asked) => Fault | null;
  /** Told of what was done, and of what could not be had of an answer. */
  readonly done: (asked: Asked, fault: Fault, isDone: boolean) => void;
}

const BUSY: Answer = {
  status: 503,
  headers: { "content-type": "application/json" },
  body: Buffer.from('{"error":"told to be busy"}'),
};
const OVERLOADED: Answer = { ...BUSY, status: 429, body: Buffer.from('{"error":"told to be overloaded"}') };
/** Hop by hop, or written anew. */
const OWN_HEADERS = new Set(["connection", "keep-alive", "transfer-encoding", "content-length"]);

export class FaultProxy {
  readonly url: string;
  readonly #options: ProxyOptions;
  readonly #server = createServer((incoming, outgoing) => {
    // Whoever asked may be gone, or what we do may break the connection: that is what this is for.
    this.#serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;
  #busyUntilMs = 0;
  #shutUntilMs = 0;
  #isShut = false;
  #isClosed = false;
  #reopening: Promise<void> = Promise.resolve();

  private constructor(options: ProxyOptions, port: number) {
    this.#options = options;
    this.#port = port;
    this.#server.on("connection", (socket) => socket.on("error", () => undefined));
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts it on a port that the system gives. */
  static async start(options: ProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options, await freePort());
    await proxy.#listen();
    return proxy;
  }

  /** From now on, for so long, connections are refused; those that are idle end. */
  shut(ms: number): void {
    this.#shutUntilMs = Math.max(this.#shutUntilMs, Date.now() + ms);
    if (this.#isShut) return;
    this.#isShut = true;
    this.#server.close();
    this.#server.closeIdleConnections();
    this.#reopening = this.#reopen();
  }

  /** Opens the port again, now; resolves once it is open, and nothing is refused for being busy. */
  async calm(): Promise<void> {
    this.#shutUntilMs = Math.min(this.#shutUntilMs, Date.now());
    this.#busyUntilMs = 0;
    await this.#reopening;
  }

  /** Ends it with all its connections. */
  close(): void {
    this.#isClosed = true;
    this.#shutUntilMs = 0;
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  async #reopen(): Promise<void> {
    while (this.#shutUntilMs > Date.now()) await pause(20);
    if (this.#isClosed) return;
    await this.#listen();
    this.#isShut = false;
    if (this.#shutUntilMs > Date.now()) this.shut(0);
  }

  /** The port may have been taken for an outgoing connection meanwhile: that passes. */
  async #listen(): Promise<void> {
    for (;;) {
      const error = await new Promise<Error | null>((resolve) => {
        this.#server.once("error", resolve);
        this.#server.listen(this.#port, "127.0.0.1", () => resolve(null));
      });
      this.#server.removeAllListeners("error");
      if (error === null) return;
      await pause(20);
    }
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    // What is shut takes nothing on connections that it had either.
    if (this.#isShut) return void incoming.socket.resetAndDestroy();
    const body = await buffer(incoming);
    const asked = this.#asked(incoming, body);
    if (asked === null) return send(outgoing, await this.#ask(incoming, body, outgoing));
    const fault = this.#options.decide(asked);
    const done = (isDone: boolean) => fault && this.#options.done(asked, fault, isDone);
    if (fault?.act.kind === "burst") this.#busyUntilMs = Date.now() + fault.act.ms;
    if (this.#busyUntilMs > Date.now()) {
      done(fault?.act.kind === "burst");
      return send(outgoing, BUSY);
    }
    if (fault && this.#refuses(fault, outgoing)) {
      done(true);
      return;
    }
    const answer = await this.#ask(incoming, body, outgoing);
    const layout = fault && layoutOf(answer);
    if (!fault || !layout) return send(outgoing, answer);
    done(await deliver(answer, layout, fault, outgoing, (ms) => this.shut(ms)));
  }

  /** What needs no answer of the endpoint. */
  #refuses({ act }: Fault, outgoing: ServerResponse): boolean {
    if (act.kind === "hang") return true;
    if (act.kind === "empty") {
      send(outgoing, { status: 200, headers: {}, body: new Uint8Array(0) });
      return true;
    }
    if (act.kind !== "overloaded") return false;
    const headers: Record<string, string> = act.after === null ? {} : { "retry-after": `${act.after}` };
    send(outgoing, { ...OVERLOADED, headers: { ...OVERLOADED.headers, ...headers } });
    return true;
  }

  #asked({ method, headers }: IncomingMessage, body: Uint8Array): Asked | null {
    const length = Number(headers[headerLengthField] ?? 0);
    return method === "POST" && length > 0 ? askedOf(body, length) : null;
  }

  /** The endpoint's answer, whole; the request ends when whoever asked is gone. */
  async #ask(
    { url, method, headers }: IncomingMessage,
    body: Uint8Array,
    outgoing: ServerResponse,
  ): Promise<Answer> {
    const { connection: _, ...rest } = headers;
    const onward = forward(new URL(url!, this.#options.target), {
      method,
      headers: rest,
      agent: this.#agent,
    });
    outgoing.on("close", () => onward.destroy());
    onward.end(body);
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      onward.once("response", resolve);
      onward.once("error", reject);
    });
    const kept = Object.entries(incoming.headers).filter(([name]) => !OWN_HEADERS.has(name));
    return {
      status: incoming.statusCode!,
      headers: Object.fromEntries(kept.map(([name, value]) => [name, `${value}`])),
      body: await buffer(incoming),
    };
  }
}
