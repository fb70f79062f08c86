/** The accounts of a run: some with plenty, some with less than they will ask for. */
import type { Operator } from "../../scripts/operator.ts";

export interface Party {
  readonly account: string;
  readonly key: string;
  /** Whether it may run out of credit. */
  readonly isPoor: boolean;
}

/** Micro-credits granted to each: the last ones pay for a few pictures only, or for none. */
const GRANTS = [1_000_000_000, 1_000_000_000, 1_000_000_000, 1_000_000_000, 8_000, 2_000, 10];
const WIDE = { requests_per_minute: 1_000_000, images_per_minute: 1_000_000, concurrency: 100_000 };

export async function makeParties({ call }: Operator): Promise<Party[]> {
  const parties: Party[] = [];
  for (const micro_credits of GRANTS) {
    const { id: account } = await call<{ id: string }>("POST", "/accounts", { name: "a run" });
    await call("POST", `/accounts/${account}/grants`, { micro_credits, key: "first", note: "" });
    await call("PATCH", `/accounts/${account}/limits`, WIDE);
    const scopes = ["generate", "read", "usage"];
    const about = { name: "a run", scopes };
    const { key } = await call<{ key: string }>("POST", `/accounts/${account}/keys`, about);
    parties.push({ account, key, isPoor: micro_credits < 1_000_000 });
  }
  return parties;
}
