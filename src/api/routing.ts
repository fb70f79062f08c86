/** Finds what no endpoint of this deployment could serve, up or not, so that it is refused before anything is spent. */
import { numericsOf } from "../generation/routing.ts";
import type { Plan } from "../plan/plan.ts";
import { quote } from "../plan/quote.ts";
import { Refusal } from "../refusal.ts";
import type { Fleet } from "../routing/fleet.ts";
import { isOffered } from "../routing/offered.ts";
import type { RoutingTerms } from "../routing/terms.ts";

type Terms = Pick<RoutingTerms, "region" | "numerics">;

/** What to say of a plan that nobody here serves, naming `size`, `region` or `numerics`; null where somebody does. */
export function unservedBy(
  { offers }: Pick<Fleet, "offers">,
  { model, schedule, size, routing }: Plan,
): Refusal | null {
  const { region } = routing;
  const numerics = numericsOf(routing);
  const serves = (terms: Partial<Terms>) =>
    isOffered(offers, model, schedule, { region: null, numerics: { kind: "any" }, ...terms });
  if (serves({ region, numerics })) return null;
  if (!serves({})) return unserved("size", "at all");
  if (!serves({ region })) return unserved("region", `in ${quote(region!)}`);
  const there = region === null ? "" : ` in ${quote(region)}`;
  return unserved("numerics", `with ${quote(routing.numerics)}${there}`);

  function unserved(param: string, how: string) {
    const message = `${param}: no endpoint here draws ${model} at ${size} ${how}.`;
    return new Refusal("unsupported_value", message, { param });
  }
}
