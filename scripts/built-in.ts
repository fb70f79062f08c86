/** The provider config of one's own machine: the built-in endpoint, which serves whatever the catalogue has. */
import { catalogue } from "../src/catalogue/index.ts";

/** An endpoint of one numerics class. */
export interface LocalEndpoint {
  readonly url: string;
  readonly numerics: string;
}

/** What `loadProviders` reads (docs/providers.md). */
export const builtIn = (endpoint: LocalEndpoint) => ({ providers: [providerOf(endpoint)] });

/** Its entry alone, for a config of several. */
export const providerOf = ({ url, numerics }: LocalEndpoint) => ({
  name: "builtin",
  kind: "triton",
  url,
  region: null,
  price: { second: 0, gigabyte: 0 },
  limits: { concurrency: 16 },
  models: catalogue.map(({ id, revision }) => ({
    id,
    revision,
    numerics: { class: numerics, exact: true },
  })),
});
