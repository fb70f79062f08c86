/** Where a plan's steps may run; it changes no price. */

export interface PlannedRouting {
  readonly route: "fastest" | "balanced" | "cheapest";
  /** Only there, or anywhere. */
  readonly region: string | null;
  /** `any`, `exact` (all steps in one exact class), or the name of the class to stay in. */
  readonly numerics: string;
}

/** As a request says it; what is absent or null is filled in. */
export type RoutingRequest = {
  readonly [Field in keyof PlannedRouting]?: PlannedRouting[Field] | null | undefined;
};

export const routingOf = (asked: RoutingRequest = {}): PlannedRouting => ({
  route: asked.route ?? "balanced",
  region: asked.region ?? null,
  numerics: asked.numerics ?? "any",
});
