/** The requests of one client, each of which may break at any moment. */
import { createHash } from "node:crypto";
import { linesOf, type StreamLine } from "../sse.ts";
import type { Party } from "./accounts.ts";
import type { Errand } from "./errand.ts";
import type { Outcome, Seen } from "./seen.ts";
import type { Server } from "./server.ts";

const ANSWERED_WITHIN_MS = 120_000;

interface Answer {
  readonly data: readonly { readonly b64_json: string }[];
  readonly vpg: { readonly generation_id: string; readonly price: { readonly micro_credits: number } };
}

export class Attempt {
  readonly #server: Server;
  readonly #party: Party;
  readonly #errand: Errand;
  readonly #seen: Seen;
  /** What is known of a stream that broke. */
  #generation: string | null = null;
  #lastEventId = "0";
  #price = 0;
  #pictures = new Map<number, string>();

  constructor(server: Server, party: Party, errand: Errand, seen: Seen) {
    this.#server = server;
    this.#party = party;
    this.#errand = errand;
    this.#seen = seen;
  }

  /** Asks for the pictures, or for the rest of them. */
  async once(tries: number): Promise<Outcome> {
    const left = new AbortController();
    const signal = AbortSignal.any([left.signal, AbortSignal.timeout(ANSWERED_WITHIN_MS)]);
    const { followsEvents, body } = this.#errand;
    const follows = this.#generation !== null && followsEvents && body.stream;
    if (!follows) this.#forgetStream();
    try {
      const response = await (follows ? this.#follow(signal) : this.#ask(tries, signal));
      this.#generation = response.headers.get("x-generation-id") ?? this.#generation;
      if (response.status !== 200) return await this.#refused(response);
      return body.stream ? await this.#read(response, left) : served(await response.json());
    } catch (error) {
      if ((error as Error).name === "TimeoutError") this.#problem("no answer within two minutes");
      return { kind: "broken", generation: this.#generation };
    }
  }

  /** Asks what it costs, which holds nothing. */
  async askPrice(): Promise<void> {
    const response = await this.#post("/v1/images/generations?dry_run=true", {}, this.#errand.body).catch(
      () => null,
    );
    if (response?.status !== 200) return;
    const quote = (await response.json().catch(() => null)) as { micro_credits: number } | null;
    if (quote) this.#seen.quotes.push(quote.micro_credits);
  }

  /** Deletes a generation's pictures; its receipt stays. */
  async delete(generation: string): Promise<void> {
    await this.#server.up;
    const init = { method: "DELETE", headers: this.#authorization() };
    await this.#fetch(`/v1/generations/${generation}`, init).catch(() => null);
  }

  #forgetStream(): void {
    this.#generation = null;
    this.#lastEventId = "0";
    this.#pictures = new Map();
  }

  #ask(tries: number, signal: AbortSignal): Promise<Response> {
    const { idempotencyKey, body } = this.#errand;
    const headers = {
      "x-stainless-retry-count": `${tries}`,
      ...(idempotencyKey !== null && { "idempotency-key": idempotencyKey }),
    };
    return this.#post("/v1/images/generations", headers, body, signal);
  }

  #follow(signal: AbortSignal): Promise<Response> {
    const headers = { ...this.#authorization(), "last-event-id": this.#lastEventId };
    return this.#fetch(`/v1/generations/${this.#generation}/events`, { headers, signal });
  }

  /** Reads a stream to its end, or until we hang up. */
  async #read(response: Response, left: AbortController): Promise<Outcome> {
    const generation = this.#generation!;
    const { leavesAfter, cancelsAfterMs, body } = this.#errand;
    const cancelled = cancelsAfterMs === null ? null : this.#cancel(generation, cancelsAfterMs);
    let lines = 0;
    let failed: string | null = null;
    try {
      for await (const line of linesOf(response)) {
        if (lines++ === leavesAfter) {
          left.abort();
          return { kind: "left", generation };
        }
        failed = this.#note(line) ?? failed;
      }
    } finally {
      await cancelled;
    }
    if (failed !== null) return this.#failed(200, failed);
    if (this.#pictures.size < body.n)
      this.#problem(`a stream ended with ${this.#pictures.size} of ${body.n} pictures`);
    const pictures = [...this.#pictures].sort(([a], [b]) => a - b).map(([, digest]) => digest);
    return { kind: "served", generation, price: this.#price, pictures };
  }

  /** @returns the code of an `error` event. */
  #note({ id, type, data }: StreamLine): string | null {
    if (id !== null) this.#lastEventId = id;
    if (type === "error") return (data.error as { code: string }).code;
    if (type !== "image_generation.completed") return null;
    this.#price = (data as unknown as Answer).vpg.price.micro_credits;
    this.#pictures.set(data.image_index as number, sha256(data.b64_json as string));
    return null;
  }

  async #cancel(generation: string, afterMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    // As a client without a body sends it: no content-type either.
    const init = { method: "POST", headers: this.#authorization() };
    const response = await this.#fetch(`/v1/generations/${generation}/cancel`, init).catch(() => null);
    const record = (await response?.json().catch(() => null)) as { status: string } | null;
    if (!response || !record) return;
    if (response.status !== 200) return this.#problem(`a cancellation was answered ${response.status}`);
    this.#seen.cancelled.set(generation, record.status);
  }

  async #refused(response: Response): Promise<Outcome> {
    const body = (await response.json().catch(() => null)) as { error?: { code?: string } } | null;
    const code = body?.error?.code;
    // What is not in our own shape was said by wrangler as it died.
    if (code === undefined) return { kind: "broken", generation: this.#generation };
    return this.#failed(response.status, code);
  }

  /** There is nothing to go on with. */
  #failed(status: number, code: string): Outcome {
    if (!this.#mayBe(code)) this.#problem(`${status} ${code}`);
    const generation = this.#generation;
    this.#forgetStream();
    return { kind: "refused", generation, status, code };
  }

  #mayBe(code: string): boolean {
    const { isStingy, deletes, cancelsAfterMs, isTwin } = this.#errand;
    switch (code) {
      case "no_capacity":
      case "ledger_unavailable":
      case "directory_unavailable":
        return true;
      case "credit_balance_exhausted":
        return this.#party.isPoor;
      case "max_micro_credits_exceeded":
        return isStingy;
      case "asset_expired":
        return deletes;
      case "generation_failed":
        return cancelsAfterMs !== null || isTwin;
      default:
        return false;
    }
  }

  #post(
    path: string,
    headers: Record<string, string>,
    body: object,
    signal?: AbortSignal,
  ): Promise<Response> {
    return this.#fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...this.#authorization(), ...headers },
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    this.#seen.lastAskedMs = Date.now();
    return fetch(`${this.#server.url}${path}`, init);
  }

  #authorization() {
    return { authorization: `Bearer ${this.#party.key}` };
  }

  #problem(what: string): void {
    this.#seen.problems.push(
      `errand ${this.#errand.number}, ${this.#generation ?? "no generation"}: ${what}`,
    );
  }
}

function served({ data, vpg }: Answer): Outcome {
  return {
    kind: "served",
    generation: vpg.generation_id,
    price: vpg.price.micro_credits,
    pictures: data.map(({ b64_json }) => sha256(b64_json)),
  };
}

/** Of a picture that came as base64. */
export const sha256 = (base64: string): string =>
  createHash("sha256").update(Buffer.from(base64, "base64")).digest("hex");
