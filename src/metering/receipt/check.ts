/** Recomputes what a receipt claims: its branches, its price, its sums. */
import { branchesAt } from "./receipt.ts";
import type { Receipt } from "./schema.ts";

/** A model's price table, as the catalogue states it: micro-credits a step, and a token and branch. */
export interface PriceTable {
  readonly version: string;
  readonly step: number;
  readonly token: number;
}

export interface Check {
  readonly what: "plan" | "price" | "charge" | "totals" | "outputs";
  /** What is wrong, one sentence each; none: it holds. */
  readonly problems: readonly string[];
}

/**
 * Checks that a receipt follows from its own figures.
 * @param table what each step must cost; null: the receipt's own prices are taken as they stand.
 */
export function checkReceipt(receipt: Receipt, table: PriceTable | null): Check[] {
  return [
    { what: "plan", problems: planProblems(receipt) },
    { what: "price", problems: table ? priceProblems(receipt, table) : [] },
    { what: "charge", problems: chargeProblems(receipt) },
    { what: "totals", problems: totalProblems(receipt) },
    { what: "outputs", problems: outputProblems(receipt) },
  ];
}

function planProblems({ request, price, steps, status }: Receipt): string[] {
  const K = price.steps.length;
  const { strengths } = request.settings;
  return [
    ...differing("seeds", request.seeds.length, request.n),
    ...differing("strengths", strengths.length, K),
    ...price.steps.flatMap(({ t, h, w, tokens, branches }, k) => [
      ...differing(`tokens of step ${k}`, tokens, t * h * w),
      ...differing(`branches of step ${k}`, branches, branchesAt(k, strengths[k]?.lambda ?? 0)),
    ]),
    ...steps.flatMap(({ step }, k) => differing(`number of delivered step ${k}`, step, k)),
    ...(status === "completed"
      ? differing("delivered steps of what was completed", steps.length, K)
      : atMost("delivered steps", steps.length, K)),
  ];
}

function priceProblems({ price }: Receipt, table: PriceTable): string[] {
  return price.steps.flatMap(({ tokens, branches, micro_credits }, k) =>
    differing(`micro-credits of step ${k}`, micro_credits, table.step + table.token * tokens * branches),
  );
}

/** A picture costs its delivered steps; one that failed through us costs nothing. */
function chargeProblems({ charge, price, steps, request, status }: Receipt): string[] {
  const costs = price.steps.map((step) => step.micro_credits);
  const isCharged = status === "completed" || status === "cancelled";
  return [
    ...(isCharged
      ? atMost("pictures charged", charge.pictures, request.n)
      : differing(`pictures charged of what is ${status}`, charge.pictures, 0)),
    ...differing("micro-credits held", charge.held, request.n * sum(costs)),
    ...differing(
      "micro-credits charged",
      charge.charged,
      charge.pictures * sum(costs.slice(0, steps.length)),
    ),
    ...differing("micro-credits released", charge.released, charge.held - charge.charged),
  ];
}

function totalProblems({ totals, price, steps, request: { n } }: Receipt): string[] {
  const delivered = price.steps.slice(0, steps.length);
  const failovers = steps.flatMap((step) => step.routes.map((route) => route.failovers));
  return [
    ...differing("steps in total", totals.steps, steps.length),
    ...differing("tokens in total", totals.tokens, n * sum(delivered.map((step) => step.tokens))),
    ...differing("branches in total", totals.branches, n * sum(delivered.map((step) => step.branches))),
    ...differing("failovers in total", totals.failovers, sum(failovers)),
  ];
}

/** Each picture that was completed is there once; nothing is left of what was not. */
function outputProblems({ outputs, request, status }: Receipt): string[] {
  const finished = status === "completed" || (status === "unattended" && outputs.length > 0);
  const indices = new Set(outputs.map((output) => output.image_index));
  return [
    ...differing("outputs", outputs.length, finished ? request.n : 0),
    ...differing("different outputs", indices.size, outputs.length),
    ...[...indices].flatMap((index) => atMost("image_index", index, request.n - 1)),
  ];
}

const differing = (what: string, stated: number, computed: number) =>
  stated === computed ? [] : [`${what}: ${stated} on the receipt, ${computed} by its figures`];

const atMost = (what: string, stated: number, most: number) =>
  stated <= most ? [] : [`${what}: ${stated} on the receipt, at most ${most} by its figures`];

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
