/** OpenAI's page of costs, made of buckets; the currency is the micro-credit. */
import type { Bucket } from "./buckets.ts";
import { type Page, pageOf } from "./page.ts";
import type { SettledRow } from "./row.ts";

export const COST_FIELDS = ["project_id", "api_key_id", "line_item"] as const;
export type CostField = (typeof COST_FIELDS)[number];

/** No ISO 4217 code, so that nobody takes a whole number of micro-credits for an amount of money. */
const CURRENCY = "micro_credits";

export interface CostResult extends Record<CostField | "user_id", string | null> {
  readonly object: "organization.costs.result";
  readonly amount: { readonly value: number; readonly currency: typeof CURRENCY };
  /** Pictures, when grouped by line item; else null. */
  readonly quantity: number | null;
  readonly quantity_unit: "images" | null;
  readonly api_source: null;
}

/** A row's value of a field; a line item is a model and what was done with it. */
export function costField({ apiKey, project, model, usage }: SettledRow, field: CostField): string {
  switch (field) {
    case "project_id":
      return project;
    case "api_key_id":
      return apiKey;
    case "line_item":
      return `${model}, ${usage ? "images" : "refunds"}`;
  }
}

export function costPage(buckets: readonly Bucket<CostField>[], nextPage: string | null): Page<CostResult> {
  return pageOf(buckets, nextPage, ({ groups }) =>
    groups.map(({ key, sums }) => ({
      object: "organization.costs.result",
      amount: { value: sums.microCredits, currency: CURRENCY },
      line_item: key.line_item ?? null,
      project_id: key.project_id ?? null,
      user_id: null,
      api_key_id: key.api_key_id ?? null,
      api_source: null,
      quantity: key.line_item === undefined ? null : sums.pictures,
      quantity_unit: key.line_item === undefined ? null : "images",
    })),
  );
}
