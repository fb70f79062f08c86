/** One request of the AWS SDK under our own call: its deadline, its bounded memory; the SDK signs, frames and names errors. */
import type { SageMakerRuntimeClientConfig } from "@aws-sdk/client-sagemaker-runtime";
import type { Call } from "../http/call.ts";
import { readText } from "../http/complaint.ts";
import type { Incoming } from "../http/wire.ts";
import { Malformed } from "../oip/malformed.ts";
import type { Pieces } from "../oip/pieces.ts";

type Handler = Extract<
  NonNullable<SageMakerRuntimeClientConfig["requestHandler"]>,
  { updateHttpClientConfig: unknown }
>;
type SdkRequest = Parameters<Handler["handle"]>[0];
type SdkOptions = NonNullable<Parameters<Handler["handle"]>[1]>;
type SdkResponse = Awaited<ReturnType<Handler["handle"]>>["response"];

/** The most that one message of an event stream may take: AWS sends none with more than 16 MiB of payload. */
const maxEventBytes = 17 * 1024 * 1024;

/** What the SDK is given besides a command, so that its handler knows whose request it sends. */
export class Exchange {
  readonly #call: Call;
  readonly #fetch: typeof fetch;
  readonly #longestSecret: number;
  readonly #events: boolean;
  /** A 200, once it is there; its body goes past the SDK unless it is an event stream. */
  incoming: Incoming | null = null;
  /** Status, text and headers of what was no 200. */
  refusal: { readonly status: number; readonly text: string; readonly headers: Headers } | null = null;

  /**
   * @param call whose deadline and signal hold
   * @param fetcher the fetch to use
   * @param longestSecret its length
   * @param events whether the answer is an event stream, which the SDK reads
   */
  constructor(call: Call, fetcher: typeof fetch, longestSecret: number, events: boolean) {
    this.#call = call;
    this.#fetch = fetcher;
    this.#longestSecret = longestSecret;
    this.#events = events;
  }

  /**
   * @param request signed by the SDK
   * @returns what the SDK may see of the answer
   * @throws Fault
   */
  async answer(request: SdkRequest): Promise<SdkResponse> {
    const headers = new Headers(request.headers);
    // The platform writes the host itself. Unsigned, because it may be rewritten on its way.
    headers.delete("host");
    headers.set("accept-encoding", "identity");
    const { method, body } = request;
    const init = { method, headers, body, redirect: "manual" } as const;
    const response = await this.#call.send(this.#fetch, addressOf(request), init);
    const pieces = this.#call.pieces(response);
    const seen = { statusCode: response.status, headers: Object.fromEntries(response.headers) };
    if (response.status !== 200) {
      const text = await readText(pieces, Math.max(this.#longestSecret, this.#call.longestHidden));
      this.refusal = { status: response.status, text, headers: response.headers };
      return { ...seen, body: new TextEncoder().encode(text) };
    }
    this.incoming = { headers: response.headers, pieces };
    return { ...seen, body: this.#events ? boundedEvents(pieces) : new Uint8Array(0) };
  }
}

/** What goes with a command to the SDK. */
export interface SendOptions extends SdkOptions {
  readonly exchange: Exchange;
}

/** Hands each of the SDK's requests to the exchange that came with its command. */
export const exchangeHandler: Handler = {
  metadata: { handlerProtocol: "http/1.1" },
  async handle(request: SdkRequest, options?: SdkOptions) {
    const exchange = options !== undefined && "exchange" in options ? options.exchange : undefined;
    if (!(exchange instanceof Exchange)) throw new TypeError("a command was sent without its exchange");
    return { response: await exchange.answer(request) };
  },
  updateHttpClientConfig() {},
  httpHandlerConfigs: () => ({}),
};

function addressOf({ protocol, hostname, port, path, query }: SdkRequest): string {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return url.href;
}

/** The SDK makes room for a message as soon as its length has come: that length is checked here first. */
async function* boundedEvents(pieces: Pieces): AsyncGenerator<Uint8Array, void> {
  let [announced, digits, left] = [0, 0, 0];
  for (let piece = await pieces.next(); piece !== null; piece = await pieces.next()) {
    for (let at = 0; at < piece.byteLength; ) {
      if (left > 0) {
        const part = Math.min(left, piece.byteLength - at);
        [at, left] = [at + part, left - part];
        continue;
      }
      announced = announced * 256 + piece[at++]!;
      if (++digits < 4) continue;
      if (announced < 16 || announced > maxEventBytes) throw new Malformed(`an event of ${announced} bytes`);
      [left, announced, digits] = [announced - 4, 0, 0];
    }
    yield piece;
  }
  if (left > 0 || digits > 0) throw new Malformed("the event stream ends inside an event");
}
