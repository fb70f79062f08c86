/** The API that is evaluated, behind the official client: one of our own, started as `npm start` does, or any other. */
import { basename } from "node:path";
import OpenAI from "openai";
import { startEndpoint } from "../../kernels/local/server.ts";
import { shippedWeights } from "../../kernels/local/shipped.ts";
import { builtIn } from "../built-in.ts";
import { startOwnWorker } from "../own-worker.ts";

/** What is read of `GET /v1/models/{id}`. */
export interface ServedModel {
  readonly id: string;
  readonly revision: string;
  readonly classes?: readonly string[];
  readonly max_n: number;
  readonly schedules: readonly { readonly steps: readonly unknown[] }[];
  readonly defaults: { readonly guidance_scale: number; readonly vpg: { readonly scale: number } };
}

export interface Service {
  readonly client: OpenAI;
  model(id: string): Promise<ServedModel>;
  close(): Promise<void>;
}

interface Replaced {
  readonly model: string;
  readonly folder: string;
}

/** An API that is up. */
export function attach(url: string, key: string): Service {
  const origin = url.replace(/\/(v1\/?)?$/, "");
  const client = new OpenAI({ apiKey: key, baseURL: `${origin}/v1`, maxRetries: 5 });
  return {
    client,
    model: (id) => client.get(`/models/${encodeURIComponent(id)}`) as Promise<ServedModel>,
    close: async () => {},
  };
}

/**
 * A Worker of its own before the built-in endpoint.
 * @param replaced other weights in the place of one model's.
 */
export async function startService(replaced?: Replaced): Promise<Service> {
  const shipped = await shippedWeights();
  const weights = shipped.map((own) => (basename(own) === replaced?.model ? replaced.folder : own));
  const endpoint = startEndpoint({ port: 0, weights });
  const end = async () => (await endpoint).close();
  const worker = await startOwnWorker(endpoint.then(builtIn)).catch(async (error) => {
    await end();
    throw error;
  });
  const close = async () => {
    await worker.close();
    await end();
  };
  return { ...attach(worker.url, worker.key), close };
}
