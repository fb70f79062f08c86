/** The provider config of one's own machine: the built-in endpoint, with the models that it says it serves. */

/** What `startEndpoint` says of an endpoint, and of each of its models. */
export interface LocalEndpoint {
  readonly url: string;
  readonly models: readonly { readonly id: string; readonly revision: string; readonly numerics: string }[];
}

/** What `loadProviders` reads (docs/providers.md). */
export const builtIn = (endpoint: LocalEndpoint) => ({ providers: [providerOf(endpoint)] });

/** Its entry alone, for a config of several. */
export const providerOf = ({ url, models }: LocalEndpoint) => ({
  name: "builtin",
  kind: "triton",
  url,
  region: null,
  price: { second: 0, gigabyte: 0 },
  limits: { concurrency: 16 },
  models: models.map(({ id, revision, numerics }) => ({
    id,
    revision,
    numerics: { class: numerics, exact: true },
  })),
});
