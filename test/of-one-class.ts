/** A stand-in for the built-in endpoint, or another one like it, as a provider config names it. */
import type { LocalEndpoint } from "../scripts/built-in.ts";
import { catalogue } from "../src/catalogue/index.ts";

/** @returns it with all models of the catalogue in one numerics class, whether it is asked for all of them or not */
export const ofOneClass = (url: string, numerics: string): LocalEndpoint => ({
  url,
  models: catalogue.map(({ id, revision }) => ({ id, revision, numerics })),
});
