/** One account's ledger is one Durable Object: holds, ends, grants; its alarm asks expired holds and sends usage. */
import { DurableObject } from "cloudflare:workers";
import { type HoldAnswer, type HoldEnd, type HoldRequest, type HoldState, NO_USAGE } from "../hold.ts";
import type { SettledRow } from "../usage/row.ts";
import type { Archive } from "./archive.ts";
import { AccountBooks } from "./books.ts";
import type { Row } from "./chain.ts";
import type { LedgerEvent } from "./events.ts";
import type { ListedHold } from "./holds.ts";
import { GATHER_MS } from "./outbox.ts";
import type { Adjustment, EndAnswer, Grant, PostAnswer } from "./post.ts";
import { Sealer } from "./seal.ts";
import { SEAL_ROWS } from "./segments.ts";
import type { AccountChange, ConfigureAnswer, KeyChange } from "./settings.ts";
import type { AccountState } from "./state.ts";
import { Streams } from "./streams.ts";

export interface LedgerPorts {
  /** How an expired hold's generation stands; it must not be started once it has said `void`. */
  readonly holdState: (account: string, generation: string) => Promise<HoldState>;
  /** Whether somebody listens to a generation. */
  readonly attended: (generation: string) => Promise<boolean>;
  /** Takes all of these events, or throws; may see one again. */
  readonly publish: (events: readonly LedgerEvent[]) => Promise<void>;
  /** Where sealed segments are kept. */
  readonly archive: Pick<Archive, "get" | "put">;
  /** Rows after which the chain is sealed, month's end or not; by default 500,000. */
  readonly sealRows?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How many times faster holds expire; 1, but in tests. */
  readonly haste?: number;
}

export type StreamAnswer =
  | { readonly kind: "open" }
  | { readonly kind: "refused"; readonly limit: number; readonly retryAfterMs: number };

/** When a stream may have ended is anyone's guess. */
const STREAM_RETRY_MS = 1_000;
/** No answer within this long is none. */
const HOLD_STATE_WITHIN_MS = 30_000;
const ATTENDED_WITHIN_MS = 2_000;
const PUBLISH_WITHIN_MS = 30_000;
const EVENTS_AT_ONCE = 100;
/** An alarm that should have rung so long ago was given up, and must be set again. */
const ALARM_LATE_MS = 60_000;

/**
 * Wired with its ports in worker.ts, under the account's id as its name.
 * Every method may be called any number of times; none calls another object within a transaction.
 */
export abstract class LedgerObject<Env> extends DurableObject<Env> {
  readonly #ports: LedgerPorts;
  readonly #books: AccountBooks;
  readonly #streams = new Streams();
  readonly #sealer: Sealer;
  /** The alarm as this instance has set it. */
  #alarmMs: number | null = null;

  constructor(ctx: DurableObjectState, env: Env, ports: LedgerPorts) {
    super(ctx, env);
    this.#ports = ports;
    const sealRows = ports.sealRows ?? SEAL_ROWS;
    this.#books = new AccountBooks(ctx.storage, sealRows, ports.haste);
    this.#sealer = new Sealer(ctx.storage, ports.archive, sealRows);
  }

  /**
   * Holds a generation's price, or names the generation that this request is a retry of, or refuses.
   * @param stream the event stream that the answer will be: it takes its place first, as with `openStream`.
   */
  async reserve(request: HoldRequest, stream: string | null = null): Promise<HoldAnswer> {
    if (stream !== null) {
      const opened = await this.openStream(request.apiKey, stream);
      if (opened.kind === "refused") {
        this.#rebuff(request);
        const { limit, retryAfterMs } = opened;
        return { kind: "refused", refusal: { why: "too_many_streams", limit, retryAfterMs }, limits: null };
      }
    }
    const first = this.#books.reserve(request, null, this.#ports.now());
    const answer = first.kind === "choice" ? await this.#choose(request, first.generations) : first;
    if (stream !== null && answer.kind === "refused") this.#streams.close(request.apiKey, stream);
    await this.#schedule();
    return answer;
  }

  /** Counts an event stream among those that its key has open. */
  async openStream(apiKey: string, stream: string): Promise<StreamAnswer> {
    const limit = this.#books.streamLimit(apiKey);
    if (this.#streams.open(apiKey, stream, limit, this.#ports.now())) return { kind: "open" };
    return { kind: "refused", limit, retryAfterMs: STREAM_RETRY_MS };
  }

  /**
   * Notes that a client will send its refused request again of its own, and that this one is not to be joined then; not
   * where its key tells, nor where it is such a retry itself: what it retries may run, and the next retry must find that.
   */
  #rebuff({ generation, apiKey, idempotencyKey, bodySha256, retryCount }: HoldRequest): void {
    if (idempotencyKey !== null || retryCount !== 0) return;
    this.#books.rebuff(generation, apiKey, bodySha256, this.#ports.now());
  }

  async renewStream(apiKey: string, stream: string): Promise<void> {
    this.#streams.renew(apiKey, stream, this.#ports.now());
  }

  async closeStream(apiKey: string, stream: string): Promise<void> {
    this.#streams.close(apiKey, stream);
  }

  /** Ends a hold: settled now, already ended before, or never heard of. */
  async end(said: HoldEnd): Promise<EndAnswer> {
    const answer = this.#books.end(said, true, this.#ports.now());
    await this.#schedule();
    return answer;
  }

  /** How a hold has ended; null where it has not, or there is none. What stands here is what a receipt says. */
  async ended(generation: string): Promise<HoldEnd | null> {
    return this.#books.ended(generation);
  }

  /** Asks a hold's generation now how it stands: one that was never started is released. */
  async review(account: string, generation: string): Promise<void> {
    await this.#ask(account, generation);
    await this.#schedule();
  }

  /** Forgets the prompt that a hold's plan is kept with. */
  async forgetPrompt(account: string, generation: string): Promise<void> {
    this.#books.forgetPrompt(account, generation);
  }

  async grant(given: Grant): Promise<PostAnswer> {
    const answer = this.#books.grant(given, this.#ports.now());
    await this.#schedule();
    return answer;
  }

  async adjust(given: Adjustment): Promise<PostAnswer> {
    const answer = this.#books.adjust(given, this.#ports.now());
    await this.#schedule();
    return answer;
  }

  async configure(change: AccountChange): Promise<ConfigureAnswer> {
    const answer = this.#books.configure(change, this.#ports.now());
    await this.#schedule();
    return answer;
  }

  async configureKey(change: KeyChange): Promise<ConfigureAnswer> {
    return this.#books.configureKey(change, this.#ports.now());
  }

  /** Balances, limits, this month and live holds; null where nothing was ever granted or configured. */
  async account(): Promise<AccountState | null> {
    return this.#books.state(this.#ports.now());
  }

  /** Rows of the chain after `afterSeq`, in order, at most 5,000. */
  async entries(afterSeq: number, limit: number): Promise<Row[]> {
    return this.#sealer.entries(afterSeq, limit);
  }

  /** Generations, the newest first, after the one named. */
  async generations(before: string | null, limit: number): Promise<ListedHold[]> {
    return this.#books.generations(before, limit);
  }

  /** Settlements and refunds posted in [fromMs, toMs) after `afterSeq`, in order, at most 5,000. */
  async settled(fromMs: number, toMs: number, afterSeq: number, limit: number): Promise<SettledRow[]> {
    return this.#sealer.settled(fromMs, toMs, afterSeq, limit);
  }

  /** Asks the generations of expired holds, sends events, forgets what is old, seals what is due. */
  override async alarm(): Promise<void> {
    this.#alarmMs = null;
    const nowMs = this.#ports.now();
    const expired = this.#books.extendExpired(nowMs);
    this.#books.prune(nowMs);
    // Before anything that may not come back.
    await this.#schedule();
    await Promise.all(expired.map(({ account, generation }) => this.#ask(account, generation)));
    await this.#publish();
    await this.#sealer.work(this.#ports.now());
    await this.#reschedule();
  }

  /** Several generations may be meant: those without a listener first, asked outside the transaction. */
  async #choose(request: HoldRequest, generations: readonly string[]): Promise<HoldAnswer> {
    const attended = await Promise.all(
      generations.map((generation) =>
        within(ATTENDED_WITHIN_MS, this.#ports.attended(generation)).catch(() => false),
      ),
    );
    const preferred = [
      ...generations.filter((_, i) => !attended[i]),
      ...generations.filter((_, i) => attended[i]),
    ];
    const answer = this.#books.reserve(request, preferred, this.#ports.now());
    if (answer.kind === "choice") throw new Error("ledger: asked to choose again");
    return answer;
  }

  /** Ends an expired hold as its generation says; whoever does not answer is asked again when it next expires. */
  async #ask(account: string, generation: string): Promise<void> {
    try {
      const state = await within(HOLD_STATE_WITHIN_MS, this.#ports.holdState(account, generation));
      if (state.kind === "live") return;
      const said: HoldEnd =
        state.kind === "ended"
          ? { ...state.end, account, generation }
          : { account, generation, reason: "void", charge: 0, usage: NO_USAGE };
      this.#books.end(said, false, this.#ports.now());
    } catch (error) {
      console.error(`${generation}: its hold is extended: ${String(error)}`);
    }
  }

  /** What comes while it sends waits for the next time, or there would be no gathering on a busy account. */
  async #publish(): Promise<void> {
    const untilMs = this.#ports.now();
    for (;;) {
      const due = this.#books.dueEvents(untilMs, EVENTS_AT_ONCE);
      if (due.length === 0) return;
      const seqs = due.map(({ seq }) => seq);
      try {
        await within(PUBLISH_WITHIN_MS, this.#ports.publish(due.map(({ event }) => event)));
        this.#books.forgetEvents(seqs);
      } catch (error) {
        console.error(`events ${seqs[0]} to ${seqs.at(-1)} wait: ${String(error)}`);
        return this.#books.postponeEvents(this.#ports.now());
      }
    }
  }

  /** Sets the alarm to what is due first, where that is sooner than it is set to, and not about to ring anyway. */
  async #schedule(): Promise<void> {
    const nowMs = this.#ports.now();
    const ringsAnyway = (atMs: number) => nowMs - ALARM_LATE_MS < atMs && atMs <= nowMs + GATHER_MS;
    if (this.#alarmMs !== null && ringsAnyway(this.#alarmMs)) return;
    const dueMs = this.#books.nextDueMs();
    if (dueMs !== null && (this.#alarmMs === null || this.#alarmMs <= nowMs || dueMs < this.#alarmMs))
      await this.#reschedule();
  }

  /** Sets the alarm to what is due first, though it be later than it was. */
  async #reschedule(): Promise<void> {
    this.#alarmMs = this.#books.nextDueMs();
    await (this.#alarmMs === null
      ? this.ctx.storage.deleteAlarm()
      : this.ctx.storage.setAlarm(this.#alarmMs));
  }
}

/** @throws Error when there is no answer in time. */
async function within<Value>(ms: number, answer: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
