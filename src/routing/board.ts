/** What all isolates know of the endpoints, kept for those to come: one Durable Object. */
import { DurableObject } from "cloudflare:workers";
import { added, type Tally } from "./counted.ts";
import type { Known } from "./gossip.ts";
import { nothingKnown, readKnown, writtenKnown } from "./kept.ts";
import { mergeShared, type SharedFleet, untilNow } from "./shared.ts";

/** What endpoints do is written down this often; what an operator says, at once. */
const WRITE_MS = 5_000;

export abstract class BoardObject<Env> extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  #known: Known;
  #writtenMs = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS board (one INTEGER PRIMARY KEY CHECK (one = 0), known TEXT NOT NULL)",
    );
    const [row] = this.#sql.exec<{ known: string }>("SELECT known FROM board").toArray();
    this.#known = row ? readKnown(row.known) : nothingKnown;
  }

  /**
   * Takes what an isolate has learnt, and tells what all know.
   * @param learnt of each leaf the newest counts, whoever tells it and in whatever order; none is newer than the board's now.
   * @param counted calls since it last told.
   */
  async exchange(learnt: SharedFleet, counted: Tally): Promise<Known> {
    const before = this.#known.state;
    const state = mergeShared(before, untilNow(learnt, Date.now()));
    this.#known = { state, counted: added(this.#known.counted, counted) };
    const isOrdered = JSON.stringify(before.providers) !== JSON.stringify(state.providers);
    if (isOrdered || Date.now() - this.#writtenMs >= WRITE_MS) this.#write();
    return this.#known;
  }

  #write(): void {
    this.#writtenMs = Date.now();
    this.#sql.exec("INSERT OR REPLACE INTO board VALUES (0, ?)", writtenKnown(this.#known));
  }
}
