/** The built-in endpoint: the small models over the Open Inference Protocol; run it with `node kernels/local/server.ts`. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { createListener, type Log, refuseEarly } from "./http.ts";
import { type Model, readModel } from "./model.ts";
import { numericsClass } from "./network.ts";
import { Pool } from "./pool.ts";
import { PrefixCache } from "./prefix-cache.ts";
import { shippedWeights } from "./shipped.ts";

interface EndpointOptions {
  /** 0: one that is free. */
  readonly port: number;
  /** Exports' folders, one a model; without it, all that come with the repository. */
  readonly weights?: readonly string[];
  /** Threads that run the models; without it, one a core, at most four. */
  readonly threads?: number;
  /** The most bytes of keys and values kept, of all models together; without it, 256 MiB. */
  readonly cacheBytes?: number;
  /** The most pictures in a request; without it, 16. */
  readonly maxBatch?: number;
  /** Told of every inference and every failure. */
  readonly log?: Log;
}

/** One model of an endpoint, as its `stats` declare it. */
interface ServedModel {
  readonly id: string;
  readonly revision: string;
  /** The numerics class. */
  readonly numerics: string;
}

export interface Endpoint {
  /** Without a slash at the end. */
  readonly url: string;
  readonly models: readonly ServedModel[];
  /** Ends what waits or runs, and the threads. */
  close(): Promise<void>;
}

/**
 * Starts the endpoint on 127.0.0.1.
 *
 * @param options where, and with how much
 * @returns it, once it is ready
 * @throws when the weights cannot be read or the port is taken
 * @example
 * const endpoint = await startEndpoint({ port: 0 });
 * await fetch(`${endpoint.url}/v2/health/ready`);
 */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const models = await Promise.all((options.weights ?? (await shippedWeights())).map(readModel));
  checkNames(models);
  let listener = refuseEarly;
  const server = createServer((request, response) => void listener(request, response));
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening");
  const pool = await Pool.open(models, options.threads ?? Math.min(availableParallelism(), 4)).catch(
    (error) => {
      server.close();
      throw error;
    },
  );
  const cache = new PrefixCache(options.cacheBytes ?? 256 * 1024 * 1024);
  const services = models.map((model) => ({
    engine: { model, pool, cache },
    numerics: numericsClass(model),
    maxBatch: options.maxBatch ?? 16,
  }));
  listener = createListener(services, options.log ?? (() => {}));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    models: services.map(({ engine: { model }, numerics }) => ({
      id: model.id,
      revision: model.revision,
      numerics,
    })),
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await Promise.all([closed, pool.close()]);
    },
  };
}

/** @throws when two would answer to one name, or there is none at all */
function checkNames(models: readonly Model[]): void {
  if (models.length === 0) throw new Error("no folder of weights has a model.json");
  const names = models.flatMap(({ id }) => [id, `${id}.decode`]);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`two folders of weights call their model ${twice}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8001" },
      weights: { type: "string", multiple: true },
      threads: { type: "string" },
      quiet: { type: "boolean", default: false },
    },
  });
  const begin = performance.now();
  const endpoint = await startEndpoint({
    port: Number(values.port),
    ...(values.weights === undefined ? {} : { weights: values.weights }),
    ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
    ...(values.quiet ? {} : { log: console.log }),
  });
  const names = endpoint.models.map(({ id }) => id).join(", ");
  console.log(`${names} ready on ${endpoint.url} after ${Math.round(performance.now() - begin)} ms`);
  let ending = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (ending) process.exit(1);
      ending = true;
      void endpoint.close().then(() => process.exit(0));
    });
  }
}

if (import.meta.main) {
  await main().catch((error: NodeJS.ErrnoException) => {
    const taken = error.code === "EADDRINUSE";
    console.error(
      taken ? `kernels/local: ${error.message}; choose another --port` : `kernels/local: ${error.stack}`,
    );
    process.exit(1);
  });
}
