/** Refuses what no endpoint of this deployment could serve, well or not: before anything is spent. */
import { numericsOf } from "../generation/routing.ts";
import type { Plan } from "../plan/plan.ts";
import { quote } from "../plan/quote.ts";
import { Refusal } from "../refusal.ts";
import type { Fleet } from "../routing/fleet.ts";
import { isOffered } from "../routing/offered.ts";

/** @throws Refusal naming `numerics` or `region`. */
export function refuseUnserved(
  { model, schedule, size, routing }: Plan,
  { offers }: Pick<Fleet, "offers">,
): void {
  const numerics = numericsOf(routing);
  const serves = (region: string | null) => isOffered(offers, model, schedule, { region, numerics });
  if (serves(routing.region)) return;
  if (
    routing.region !== null &&
    isOffered(offers, model, schedule, { region: routing.region, numerics: { kind: "any" } })
  )
    throw unserved("numerics", `${quote(routing.numerics)} in ${quote(routing.region)}`);
  if (routing.region !== null && serves(null)) throw unserved("region", quote(routing.region));
  throw unserved("numerics", quote(routing.numerics));

  function unserved(param: string, what: string) {
    return new Refusal(
      "unsupported_value",
      `${param}: no endpoint here draws ${model} at ${size} with ${what}.`,
      {
        param,
      },
    );
  }
}
