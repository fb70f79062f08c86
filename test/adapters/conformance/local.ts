/** Labs on this machine: a front end of each kind before a container, which is noise unless a real one is named. */
import { parseConfig } from "../../../adapters/providers/parse.ts";
import { catalogue } from "../../../src/catalogue/index.ts";
import { azureDialect, key as azureKey, deployment } from "../gateway/azure.ts";
import type { Dialect } from "../gateway/dialect.ts";
import { startGateway } from "../gateway/gateway.ts";
import { google } from "../gateway/google.ts";
import { endpoint, identity, sagemakerDialect, sessionToken } from "../gateway/sagemaker.ts";
import { tritonDialect, token as tritonToken } from "../gateway/triton.ts";
import { vertexDialect, place as vertexPlace } from "../gateway/vertex.ts";
import { startNoise } from "../noise-endpoint.ts";
import type { Lab } from "./lab.ts";

/** What stands behind a gateway. */
export interface Container {
  readonly url: string;
  readonly numerics: string;
}

interface Front {
  readonly dialect: Dialect;
  /** The provider's entry, without what all have. */
  entry(url: string): Record<string, unknown>;
  secrets(url: string): Record<string, string>;
}

export interface LocalLab {
  readonly lab: Lab;
  /** Its secrets by name. */
  readonly values: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const model = catalogue[0];

function vertexFront(dedicated: boolean): Front {
  const accounts = google();
  return {
    // Whether Google hands Triton's header on is not documented: one of the two labs does.
    dialect: vertexDialect(accounts, dedicated, dedicated),
    entry: (url) => ({
      kind: "vertex",
      url,
      ...vertexPlace,
      dedicated,
      redirect: dedicated,
      account: "ACCOUNT",
    }),
    secrets: (url) => ({ ACCOUNT: accounts.keyFile(url) }),
  };
}

function sagemakerFront(stream: boolean): Front {
  return {
    dialect: sagemakerDialect,
    entry: (url) => ({
      kind: "sagemaker",
      url,
      stream,
      region: identity.region,
      endpoint: endpoint.name,
      ...(stream ? { variant: endpoint.variant } : { component: endpoint.component }),
      accessKey: "ACCESS_KEY",
      secretKey: "SECRET_KEY",
      sessionToken: "SESSION_TOKEN",
    }),
    secrets: () => ({
      ACCESS_KEY: identity.accessKeyId,
      SECRET_KEY: identity.secretAccessKey,
      SESSION_TOKEN: sessionToken,
    }),
  };
}

const fronts: Readonly<Record<string, () => Front>> = {
  triton: () => ({
    dialect: tritonDialect,
    entry: (url) => ({ kind: "triton", url, region: null, auth: { kind: "bearer", token: "TOKEN" } }),
    secrets: () => ({ TOKEN: tritonToken }),
  }),
  oip: () => ({
    dialect: tritonDialect,
    entry: (url) => ({
      kind: "oip",
      url: `${url}/v2/models/{model}/versions/1/infer`,
      region: null,
      headers: { authorization: "HEADER" },
    }),
    secrets: () => ({ HEADER: `Bearer ${tritonToken}` }),
  }),
  azure: () => ({
    dialect: azureDialect,
    entry: (url) => ({
      kind: "azure",
      url,
      region: "westeurope",
      auth: { kind: "key", key: "KEY" },
      deployment,
    }),
    secrets: () => ({ KEY: azureKey }),
  }),
  "vertex-shared": () => vertexFront(false),
  "vertex-dedicated": () => vertexFront(true),
  sagemaker: () => sagemakerFront(false),
  "sagemaker-stream": () => sagemakerFront(true),
};

/** The kinds of which a lab can be made here. */
export const localKinds = Object.keys(fronts);

/**
 * @param kind one of `localKinds`
 * @param container what to put behind it; noise unless given
 * @returns the lab, and a way to end it
 */
export async function localLab(kind: string, container?: Container): Promise<LocalLab> {
  const front = fronts[kind]?.();
  if (front === undefined) throw new Error(`no lab of the kind ${kind}: one of ${localKinds.join(", ")}`);
  const noise = container === undefined ? await startNoise() : null;
  const { url, numerics } = container ?? { url: noise!.url, numerics: "noise" };
  const gateway = await startGateway(front.dialect, url);
  const config = parseConfig({
    providers: [
      {
        ...front.entry(gateway.url),
        name: kind,
        price: { second: 0, gigabyte: 0 },
        models: [{ id: model.id, revision: model.revision, numerics: { class: numerics, exact: true } }],
      },
    ],
  });
  const [provider] = config.providers;
  const values = front.secrets(gateway.url);
  return {
    lab: {
      provider: provider!,
      entry: provider!.models[0]!,
      model,
      secrets: (name) => values[name],
      gateway,
    },
    values,
    async close() {
      await gateway.close();
      await noise?.close();
    },
  };
}
