/** Four real endpoints, a fault proxy before each, and the provider config that names the proxies. */
import { weights } from "../../../kernels/local/asking.ts";
import { startEndpoint } from "../../../kernels/local/server.ts";
import { providerOf } from "../../../scripts/built-in.ts";
import { ofOneClass } from "../../of-one-class.ts";
import { declaredNumerics } from "../../triton/asked.ts";
import { startTriton } from "../../triton/server.ts";
import type { FaultRecord } from "../faults/record.ts";
import type { Asked } from "../proxy/asked.ts";
import type { Fault } from "../proxy/fault.ts";
import { FaultProxy } from "../proxy/proxy.ts";

export interface Member {
  readonly name: string;
  /** Its numerics class, as its answers declare it. */
  readonly numerics: string;
  /** Its own address, past the proxy. */
  readonly url: string;
  readonly proxy: FaultProxy;
}

/** Decides what befalls an answer. */
export interface Director {
  /** Where it is written down what was done. */
  readonly record: FaultRecord;
  decide(endpoint: string, asked: Asked): Fault | null;
}

export interface Fleet {
  readonly members: readonly Member[];
  /** Members by numerics class. */
  readonly classes: ReadonlyMap<string, readonly Member[]>;
  /** A provider config (docs/providers.md). */
  readonly providers: object;
  /** The endpoints that were asked for a step, as the proxies saw it. */
  askedFor(generation: string, step: number): ReadonlySet<string>;
  /** Who decides from now on; null: nothing is spoilt. Ends what the one before had left shut or busy. */
  direct(director: Director | null): Promise<void>;
  close(): Promise<void>;
}

interface Running {
  readonly name: string;
  readonly url: string;
  close(): Promise<unknown>;
}

/** `both`: two Tritons and two built-in endpoints, an exact class each; `builtin`: four built-in ones, all of one class. */
export type Kinds = "both" | "builtin";

export async function startFleet(kinds: Kinds): Promise<Fleet> {
  const started = await Promise.allSettled(starting(kinds));
  const running = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = started.find((one) => one.status === "rejected");
  if (failed) {
    await Promise.all(running.map((one) => one.close()));
    throw failed.reason;
  }
  let director: Director | null = null;
  const seen = new Map<string, Set<string>>();
  const note = (name: string, { generation, address }: Asked) => {
    const key = `${generation} ${address}`;
    seen.set(key, (seen.get(key) ?? new Set()).add(name));
  };
  const members = await Promise.all(
    running.map(async ({ name, url }): Promise<Member> => {
      const proxy = await FaultProxy.start({
        target: url,
        decide: (asked) => {
          note(name, asked);
          return director?.decide(name, asked) ?? null;
        },
        done: (asked, fault, isDone) => director?.record.add(name, asked, fault, isDone),
      });
      return { name, url, proxy, numerics: await declaredNumerics(url) };
    }),
  );
  return {
    members,
    classes: Map.groupBy(members, ({ numerics }) => numerics),
    providers: { providers: members.map(provider) },
    askedFor: (generation, step) => seen.get(`${generation} ${step}`) ?? new Set(),
    async direct(next) {
      director = next;
      await Promise.all(members.map(({ proxy }) => proxy.calm()));
    },
    async close() {
      for (const { proxy } of members) proxy.close();
      await Promise.all(running.map((one) => one.close()));
    },
  };
}

/** The first Triton of a fresh clone unpacks the server: the second waits for that. */
function starting(kinds: Kinds): Promise<Running>[] {
  const builtIns = [builtIn("builtin-a"), builtIn("builtin-b")];
  if (kinds === "builtin") return [...builtIns, builtIn("builtin-c"), builtIn("builtin-d")];
  const first = tritonOf("triton-a");
  return [...builtIns, first, first.then(() => tritonOf("triton-b"))];
}

async function builtIn(name: string): Promise<Running> {
  const { url, close } = await startEndpoint({ port: 0, threads: 1, weights: [weights] });
  return { name, url, close };
}

async function tritonOf(name: string): Promise<Running> {
  const { url, close } = await startTriton({ threads: "1" });
  return { name, url, close };
}

const provider = ({ name, proxy, numerics }: Member) => ({
  ...providerOf(ofOneClass(proxy.url, numerics)),
  name,
  price: { second: 300, gigabyte: 0 },
});
