/** What clients were told against what the ledger holds: served is charged, failed is free, one key draws once. */
import type { Ended } from "./audit-generation.ts";
import type { Seen, Served } from "./seen.ts";

const CHARGED = new Set(["completed", "cancelled"]);

/** @param ends of the account's generations. */
export function auditSeen(seen: readonly Seen[], ends: ReadonlyMap<string, Ended>): string[] {
  const charged = [...ends.values()].filter(({ reason }) => CHARGED.has(reason));
  const more = `${charged.length} generations were charged, ${seen.length} were meant`;
  return [...(charged.length <= seen.length ? [] : [more]), ...seen.flatMap((one) => findingsOf(one, ends))];
}

function findingsOf(one: Seen, ends: ReadonlyMap<string, Ended>): string[] {
  return [
    ...one.problems,
    ...servedOf(one).flatMap((served) => servedFindings(one, served, ends.get(served.generation))),
    ...failedFindings(one, ends),
    ...cancelledFindings(one, ends),
    ...keyFindings(one, ends),
  ];
}

const servedOf = ({ outcomes }: Seen): Served[] => outcomes.filter((outcome) => outcome.kind === "served");

/** All pictures came: the whole price is charged, and it is the one that was quoted. */
function servedFindings({ quotes }: Seen, { generation, price }: Served, end: Ended | undefined): string[] {
  if (end?.reason !== "completed") return [`${generation} was served, its ledger says ${end?.reason}`];
  return [
    ...(end.charge === price ? [] : [`${generation} was served for ${price} and charged ${end.charge}`]),
    ...quotes
      .filter((quote) => quote !== price)
      .map((quote) => `${generation}: ${quote} quoted, ${price} asked`),
  ];
}

/** Who was told that nothing was charged was charged nothing, unless the same generation served them after all. */
function failedFindings(one: Seen, ends: ReadonlyMap<string, Ended>): string[] {
  const served = new Set(servedOf(one).map(({ generation }) => generation));
  return one.outcomes.flatMap((outcome) => {
    if (outcome.kind !== "refused" || outcome.generation === null || outcome.code === "generation_failed")
      return [];
    if (outcome.code === "asset_expired" || served.has(outcome.generation)) return [];
    const charge = ends.get(outcome.generation)?.charge ?? 0;
    return charge === 0 ? [] : [`${outcome.generation} answered ${outcome.code} and charged ${charge}`];
  });
}

/** A cancellation that was answered is the end, as it was answered. */
function cancelledFindings({ cancelled }: Seen, ends: ReadonlyMap<string, Ended>): string[] {
  return [...cancelled].flatMap(([generation, status]) => {
    const reason = ends.get(generation)?.reason;
    const agrees =
      status === reason || (status === "completed" && reason === "unattended") || status === "expired";
    return agrees ? [] : [`${generation}: its cancellation answered ${status}, its ledger says ${reason}`];
  });
}

/** Under one key one generation is charged, and every answer is the same. */
function keyFindings(one: Seen, ends: ReadonlyMap<string, Ended>): string[] {
  const { idempotencyKey } = one.errand;
  if (idempotencyKey === null) return [];
  const named = new Set(one.outcomes.flatMap(({ generation }) => generation ?? []));
  const charged = [...named].filter((generation) => CHARGED.has(ends.get(generation)?.reason ?? ""));
  const answers = new Set(servedOf(one).map(({ generation, pictures }) => `${generation} ${pictures}`));
  return [
    ...(charged.length <= 1 ? [] : [`${idempotencyKey} was charged for ${charged.join(" and ")}`]),
    ...(answers.size <= 1 ? [] : [`${idempotencyKey} was answered ${answers.size} ways`]),
  ];
}
