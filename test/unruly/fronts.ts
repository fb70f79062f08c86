/** Clouds' front ends as the tests in workerd are told of them. */
import type { ProviderConfig } from "../../adapters/providers/schema.ts";

export interface Front {
  readonly provider: ProviderConfig;
  /** Its secrets by name. */
  readonly values: Readonly<Record<string, string>>;
}

declare module "vitest" {
  export interface ProvidedContext {
    fronts: Front[];
  }
}
