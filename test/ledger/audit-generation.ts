/** One generation: what the ledger charged must be what its record says was delivered, and what its receipt says. */
import { catalogue } from "../../src/catalogue/index.ts";
import type { EndReason } from "../../src/metering/hold.ts";
import { checkReceipt } from "../../src/metering/receipt/check.ts";
import type { Receipt } from "../../src/metering/receipt/schema.ts";
import { openReceipt, type PublicKeys } from "../../src/metering/receipt/sign.ts";
import { linesOf } from "../sse.ts";
import type { Party } from "./accounts.ts";
import { sha256 } from "./attempt.ts";
import { absentFindings } from "./audit-absent.ts";
import type { Seen } from "./seen.ts";
import type { Server } from "./server.ts";

/** How a generation ended, by its ledger. */
export interface Ended {
  readonly generation: string;
  readonly reason: EndReason;
  readonly held: number;
  readonly charge: number;
}

interface Shown {
  readonly status: string;
  readonly progress: { readonly done: number; readonly steps: number };
  readonly steps: readonly { readonly committed_at_ms: number }[];
}

/** The statuses of a record that an end agrees with; what was completed or failed may have been deleted since. */
const STATUSES: Record<Exclude<EndReason, "void">, readonly string[]> = {
  completed: ["completed", "expired"],
  cancelled: ["cancelled", "expired"],
  failed: ["failed", "expired"],
  unattended: ["completed", "expired"],
};

/** What every generation of a run is held against. */
export interface Context {
  readonly server: Pick<Server, "url" | "kills">;
  readonly party: Pick<Party, "key">;
  readonly keys: PublicKeys;
  /** Until when a receipt may still be on its way. */
  readonly untilMs: number;
  /** By the account's clients. */
  readonly seen: readonly Seen[];
}

export async function auditGeneration(end: Ended, context: Context): Promise<string[]> {
  const { server, party, keys, untilMs, seen } = context;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/v1/generations/${end.generation}${path}`, {
      headers: { authorization: `Bearer ${party.key}`, ...headers },
    });
  const found: string[] = [];
  const find = (what: string) => void found.push(`${end.generation} (${end.reason}, ${end.charge}): ${what}`);

  const response = await get("");
  if (end.reason === "void") {
    if (response.status !== 404) find(`was never started, yet its record answers ${response.status}`);
    if (end.charge !== 0) find("was never started, yet charged");
    return found;
  }
  if (response.status !== 200) {
    find(`its record answers ${response.status}`);
    return found;
  }
  const record = (await response.json()) as Shown;
  if (!STATUSES[end.reason].includes(record.status)) find(`its record says ${record.status}`);
  const committedMs = record.steps.map((step) => step.committed_at_ms);
  found.push(...absentFindings(end, committedMs, seen, server.kills));
  const receipt = await receiptOf(get, keys, untilMs);
  if (typeof receipt === "string") find(`its receipt ${receipt}`);
  else {
    for (const problem of receiptProblems(end, receipt, record)) find(problem);
    if (receipt.outputs.length > 0 && record.status === "completed") {
      const digests = await outputsOf(await get("/events"));
      const listed = receipt.outputs.map((output) => output.sha256);
      if (`${digests}` !== `${listed}`) find(`its receipt lists ${listed}, its events bring ${digests}`);
    }
  }
  return found;
}

function receiptProblems(end: Ended, receipt: Receipt, { progress }: Shown): string[] {
  const { charge, price, status, request } = receipt;
  const prices = price.steps.map((step) => step.micro_credits);
  const delivered = status === "completed" || status === "cancelled" ? progress.done : 0;
  const worth = request.n * prices.slice(0, delivered).reduce((sum, one) => sum + one, 0);
  return [
    ...checkReceipt(receipt, catalogue[0].price).flatMap(({ problems }) => problems),
    ...(status === end.reason ? [] : [`its receipt says ${status}`]),
    ...(charge.charged === end.charge ? [] : [`its receipt charges ${charge.charged}`]),
    ...(charge.held === end.held ? [] : [`its receipt held ${charge.held}, its ledger ${end.held}`]),
    ...(worth === end.charge ? [] : [`its ${progress.done} committed steps are worth ${worth}`]),
    ...(status === "completed" && progress.done < progress.steps ? [`only ${progress.done} steps`] : []),
  ];
}

/** The receipt, or why there is no good one. */
async function receiptOf(
  get: (path: string, headers?: Record<string, string>) => Promise<Response>,
  keys: PublicKeys,
  untilMs: number,
): Promise<Receipt | string> {
  for (;;) {
    const response = await get("/receipt", { accept: "application/jose" });
    if (response.status === 404 && Date.now() < untilMs) {
      await response.text();
      await new Promise((resolve) => setTimeout(resolve, 500));
      continue;
    }
    if (response.status !== 200) return `answers ${response.status}`;
    const opened = await openReceipt(await response.text(), keys);
    return opened.kind === "valid" ? opened.receipt : `is ${opened.kind}`;
  }
}

/** SHA-256 of each picture that a generation's events bring, in order. */
async function outputsOf(response: Response): Promise<string[]> {
  const pictures = new Map<number, string>();
  for await (const { type, data } of linesOf(response)) {
    if (type === "image_generation.completed")
      pictures.set(data.image_index as number, sha256(`${data.b64_json}`));
  }
  return [...pictures].sort(([a], [b]) => a - b).map(([, digest]) => digest);
}
