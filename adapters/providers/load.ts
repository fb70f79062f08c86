/** The provider config as the fleet of a start: who serves what, who was struck off and why; or no start at all. */
import type { StepSource } from "../contract.ts";
import { type Limits, picturesWithin, rowBytes } from "../limits.ts";
import { connect, limitsOf, MissingSecret, type Surroundings } from "./connect.ts";
import { ConfigError, parseConfig } from "./parse.ts";
import type { Config, ProviderConfig } from "./schema.ts";

/** What is read of a catalogue's model. */
export interface KnownModel {
  readonly id: string;
  readonly revision: string;
  readonly tokens: "codebook" | "bitwise";
  /** Codebook models only: the width of a row. */
  readonly vocabulary?: number;
  readonly schedules: readonly {
    readonly name: string;
    readonly steps: readonly {
      readonly t: number;
      readonly h: number;
      readonly w: number;
      readonly bits?: number;
    }[];
  }[];
}

/** A model at a provider. */
export interface Offer {
  readonly provider: string;
  readonly kind: ProviderConfig["kind"];
  readonly region: string | null;
  /** The larger area its region lies in. */
  readonly area: string | null;
  readonly model: string;
  readonly revision: string;
  readonly numerics: { readonly class: string; readonly exact: boolean };
  readonly serves: readonly ("step" | "decode")[];
  /** The schedules whose answers fit. */
  readonly schedules: readonly string[];
  readonly price: ProviderConfig["price"];
  readonly weight: number;
  readonly concurrency: number;
  /** After so many milliseconds the provider gives up by itself. */
  readonly timeoutMs: number | null;
  readonly source: StepSource;
}

/** All that a provider file says. */
export interface Providers {
  /** One a provider and model. */
  readonly offers: readonly Offer[];
  readonly routing: Config["routing"];
}

/**
 * @param value the provider file, parsed as JSON
 * @param models the catalogue
 * @param surroundings where secrets are, and which fetch to use
 * @param log told of each schedule that is struck off a provider
 * @returns an offer a provider and model, and how to choose among them
 * @throws ConfigError naming each field that is wrong, each secret that is missing, and each model that is left without provider though nobody said so
 */
export function loadProviders(
  value: unknown,
  models: readonly KnownModel[],
  surroundings: Surroundings,
  log: (line: string) => void,
): Providers {
  const { providers, without, routing } = parseConfig(value);
  const problems = without.flatMap((id, i) =>
    models.some((model) => model.id === id) ? [] : [`without[${i}]: the catalogue has no such model`],
  );
  const offers = providers.flatMap((provider, i) =>
    provider.models.flatMap((entry, j): Offer[] => {
      const field = `providers[${i}].models[${j}]`;
      const known = models.find(({ id }) => id === entry.id);
      if (known === undefined) {
        problems.push(`${field}.id (${provider.name}): the catalogue has no ${entry.id}`);
        return [];
      }
      if (without.includes(known.id)) {
        problems.push(`${field}.id (${provider.name}): \`without\` leaves it out`);
        return [];
      }
      if (known.revision !== entry.revision) {
        problems.push(`${field}.revision (${provider.name}): the catalogue has ${known.revision}`);
        return [];
      }
      const schedules = fittingSchedules(known, provider, entry.serves, log);
      const source = attempt(
        () => connect(provider, entry, surroundings),
        `providers[${i}]`,
        provider,
        problems,
      );
      return source === null || schedules.length === 0 ? [] : [offerOf(provider, entry, schedules, source)];
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  for (const { id } of models.filter((model) => !without.includes(model.id))) {
    for (const what of ["step", "decode"] as const) {
      if (!offers.some(({ model, serves }) => model === id && serves.includes(what)))
        problems.push(
          `${id}: no provider is left that serves it (${what}), and \`without\` does not name it`,
        );
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { offers, routing };
}

function offerOf(
  provider: ProviderConfig,
  entry: ProviderConfig["models"][number],
  schedules: readonly string[],
  source: StepSource,
): Offer {
  const { name, kind, region, area = null, price, weight, limits } = provider;
  const { id: model, revision, numerics, serves } = entry;
  const { timeoutMs } = limitsOf(provider);
  const { concurrency } = limits;
  return {
    ...{ provider: name, kind, region, area, model, revision, numerics, serves, schedules },
    ...{ price, weight, concurrency, timeoutMs, source },
  };
}

function attempt(
  make: () => StepSource,
  field: string,
  { name }: ProviderConfig,
  problems: string[],
): StepSource | null {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof MissingSecret || error instanceof TypeError)) throw error;
    problems.push(`${field}.${error.message.replace(/^[\w.-]+/, (own) => `${own} (${name})`)}`);
    return null;
  }
}

/** A schedule stays when the largest step of one picture fits both ways; candidates promise no size, so rows count in full. */
function fittingSchedules(
  model: KnownModel,
  provider: ProviderConfig,
  serves: Offer["serves"],
  log: (line: string) => void,
): string[] {
  const limits = limitsOf(provider);
  return model.schedules.flatMap((schedule) => {
    const largest = largestOf(model, schedule, serves);
    const tooLarge = exceeded(limits, largest);
    if (tooLarge === null) return [schedule.name];
    log(`${provider.name}: ${model.id} ${schedule.name} is struck off: ${tooLarge}`);
    return [];
  });
}

function exceeded(limits: Limits, { requestBytes, answerBytes }: Sizes): string | null {
  const said = (what: string, bytes: number, limit: number | null) =>
    `${what} of one picture takes ${bytes} bytes, it lets ${limit} through`;
  if (picturesWithin(limits.answerBytes, answerBytes) < 1)
    return said("the largest answer", answerBytes, limits.answerBytes);
  if (picturesWithin(limits.requestBytes, requestBytes) < 1)
    return said("the largest request", requestBytes, limits.requestBytes);
  return null;
}

interface Sizes {
  readonly requestBytes: number;
  readonly answerBytes: number;
}

/** Of steps: with both branches, and of the prefix all that is before the last; of decoding: all tokens, and nobody knows the file. */
function largestOf(
  model: KnownModel,
  { steps }: KnownModel["schedules"][number],
  serves: Offer["serves"],
): Sizes {
  const lengths = steps.map(({ t, h, w }) => t * h * w);
  const tokens = steps.map(({ bits = 16 }, k) => lengths[k]! * Math.ceil(bits / 8));
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
  const answers = steps.map(({ bits = 0 }, k) => {
    const width = model.tokens === "codebook" ? (model.vocabulary ?? 0) : bits;
    return rowBytes({ length: lengths[k]!, width, branches: k === 0 ? 1 : 2 });
  });
  return {
    requestBytes: sum(serves.includes("decode") ? tokens : tokens.slice(0, -1)),
    answerBytes: serves.includes("step") ? Math.max(...answers) : 0,
  };
}
