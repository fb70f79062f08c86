/** A provider's entry, its secrets looked up, as adapters: one a model. */
import { azure, azureLimits } from "../azure.ts";
import type { StepSource } from "../contract.ts";
import type { Credentials } from "../http/identify.ts";
import type { SourceOptions } from "../http/source.ts";
import { type Limits, unlimited } from "../limits.ts";
import { oip } from "../oip.ts";
import { sagemaker, sagemakerLimits } from "../sagemaker.ts";
import { split } from "../split.ts";
import { triton } from "../triton.ts";
import { vertex, vertexLimits } from "../vertex.ts";
import type { ProviderConfig } from "./schema.ts";

/** Where secrets and bindings are found by name. */
export type Secrets = (name: string) => unknown;

/** A named secret that is not there; the field is the config's. */
export class MissingSecret extends Error {
  override readonly name = "MissingSecret";
}

interface Binding {
  readonly fetch: typeof fetch;
}

/** What a connection needs besides the config. */
export interface Surroundings {
  readonly secrets: Secrets;
  /** The fetch to use; the platform's own unless given. */
  readonly fetch?: typeof fetch;
}

/**
 * @param provider an entry
 * @returns what it lets through: the kind's own limits, or the operator's where given
 */
export function limitsOf(provider: ProviderConfig): Limits {
  const { requestBytes, answerBytes, timeoutMs } = provider.limits;
  const own = ownLimits(provider);
  return {
    requestBytes: requestBytes ?? own.requestBytes,
    answerBytes: answerBytes ?? own.answerBytes,
    timeoutMs: timeoutMs ?? own.timeoutMs,
  };
}

function ownLimits(provider: ProviderConfig): Limits {
  switch (provider.kind) {
    case "azure":
      return azureLimits;
    case "vertex":
      return provider.dedicated ? vertexLimits.dedicated : vertexLimits.shared;
    case "sagemaker":
      return provider.stream ? sagemakerLimits.stream : sagemakerLimits.whole;
    default:
      return unlimited;
  }
}

/**
 * @param provider an entry
 * @param model which of its models
 * @param surroundings secrets and fetch
 * @returns the adapter, which splits what exceeds the provider's limits
 * @throws MissingSecret, or TypeError on what an adapter cannot use; neither repeats a secret
 */
export function connect(
  provider: ProviderConfig,
  model: ProviderConfig["models"][number],
  surroundings: Surroundings,
): StepSource {
  const options: SourceOptions = {
    name: provider.name,
    region: provider.region,
    numerics: model.numerics.class,
    candidates: model.candidates,
    ...(surroundings.fetch && { fetch: surroundings.fetch }),
  };
  const { name, limits } = provider;
  const { candidates } = model;
  return split(adapterOf(provider, options, surroundings.secrets), {
    name,
    candidates,
    limits: limitsOf(provider),
    batch: limits.batch,
  });
}

function adapterOf(provider: ProviderConfig, options: SourceOptions, secrets: Secrets): StepSource {
  const secret = (field: string, name: string): string => {
    const value = secrets(name);
    if (typeof value !== "string" || value === "")
      throw new MissingSecret(`${field}: no secret ${name} is set`);
    return value;
  };
  switch (provider.kind) {
    case "triton": {
      const { url, mtls } = provider;
      const binding = mtls === undefined ? {} : { binding: bindingOf(secrets(mtls), mtls) };
      return triton({ ...options, url, ...identityOf(provider, secret), ...binding });
    }
    case "oip":
      return oip({ ...options, url: provider.url, ...identityOf(provider, secret) });
    case "azure": {
      const { url, auth, deployment } = provider;
      const token = auth.kind === "key" ? secret("auth.key", auth.key) : secret("auth.token", auth.token);
      return azure({ ...options, url, token, ...(deployment === undefined ? {} : { deployment }) });
    }
    case "vertex": {
      const { region, project, endpoint, url, redirect } = provider;
      const account = secret("account", provider.account);
      const at = url === undefined ? {} : { url };
      return vertex({ ...options, region, project, endpoint, account, redirect, ...at });
    }
    case "sagemaker": {
      const { region, endpoint, component, variant, stream, url, sessionToken } = provider;
      return sagemaker({
        ...options,
        region,
        endpoint,
        stream,
        accessKeyId: secret("accessKey", provider.accessKey),
        secretAccessKey: secret("secretKey", provider.secretKey),
        ...(sessionToken === undefined ? {} : { sessionToken: secret("sessionToken", sessionToken) }),
        ...(component === undefined ? {} : { component }),
        ...(variant === undefined ? {} : { variant }),
        ...(url === undefined ? {} : { url }),
      });
    }
  }
}

type Identified = Extract<ProviderConfig, { auth: unknown; headers: unknown }>;

function identityOf(
  { auth, headers }: Identified,
  secret: (field: string, name: string) => string,
): { readonly headers: Record<string, string>; readonly credentials?: Credentials } {
  const extra = Object.fromEntries(
    Object.entries(headers).map(([header, name]) => [header, secret(`headers.${header}`, name)]),
  );
  switch (auth.kind) {
    case "none":
      return { headers: extra };
    case "bearer":
      return { headers: extra, credentials: { kind: "bearer", token: secret("auth.token", auth.token) } };
    case "basic": {
      const password = secret("auth.password", auth.password);
      return { headers: extra, credentials: { kind: "basic", user: auth.user, password } };
    }
    case "access": {
      const [id, value] = [secret("auth.id", auth.id), secret("auth.secret", auth.secret)];
      return { headers: extra, credentials: { kind: "access", id, secret: value } };
    }
  }
}

function bindingOf(value: unknown, name: string): Binding {
  if (typeof value !== "object" || value === null || !("fetch" in value) || typeof value.fetch !== "function")
    throw new MissingSecret(`mtls: no binding ${name}`);
  return value as Binding;
}
