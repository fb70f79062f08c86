/** Asks for pictures as a user does, and holds the answer to what every answer must be. */
import OpenAI from "openai";
import { linesOf, type StreamLine } from "../../sse.ts";
import type { Edge } from "../endpoints/edge.ts";
import type { Failover, Shown, Told } from "./told.ts";
import { bodyOf, type Wish } from "./wish.ts";

const ANSWERED_WITHIN_MS = 180_000;

interface Report {
  readonly numerics: readonly string[];
  readonly price: { readonly micro_credits: number };
}

type Event = Omit<StreamLine, "id">;

/**
 * One request, without any retry.
 * @param key the Idempotency-Key, if any.
 * @throws Error that says how the answer was no good one.
 */
export async function ask(edge: Edge, wish: Wish, key: string | null): Promise<Told> {
  const began = performance.now();
  const headers: Record<string, string> = key === null ? {} : { "idempotency-key": key };
  const told = await (wish.manner.startsWith("openai")
    ? askByClient(edge, wish, headers)
    : askByFetch(edge, wish, headers));
  if (told.pictures.length !== wish.body.n)
    throw new Error(`${told.pictures.length} pictures of ${wish.body.n}`);
  return { ...told, ms: performance.now() - began };
}

/** The generation's record. */
export async function show(edge: Edge, generation: string): Promise<Shown> {
  const headers = { authorization: `Bearer ${edge.key}` };
  const response = await fetch(`${edge.url}/v1/generations/${generation}`, { headers });
  if (response.status !== 200) throw new Error(`its record answers ${response.status}`);
  return (await response.json()) as Shown;
}

type Untimed = Omit<Told, "ms">;

async function askByFetch(edge: Edge, wish: Wish, headers: Record<string, string>): Promise<Untimed> {
  const response = await fetch(`${edge.url}/v1/images/generations`, {
    method: "POST",
    headers: { authorization: `Bearer ${edge.key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(bodyOf(wish)),
    signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
  });
  const generation = response.headers.get("x-generation-id") ?? "no generation";
  if (response.status !== 200) throw new Error(`${generation}: ${response.status} ${await response.text()}`);
  if (!wish.manner.endsWith("stream")) return answered(generation, await response.json());
  return streamed(generation, wish, linesOf(response));
}

async function askByClient(edge: Edge, wish: Wish, headers: Record<string, string>): Promise<Untimed> {
  const client = new OpenAI({ apiKey: edge.key, baseURL: `${edge.url}/v1`, maxRetries: 0 });
  const body = bodyOf(wish) as unknown as OpenAI.ImageGenerateParams;
  const options = { headers, timeout: ANSWERED_WITHIN_MS };
  const { data, response } = await client.images.generate(body, options).withResponse();
  const generation = response.headers.get("x-generation-id") ?? "no generation";
  if (!wish.manner.endsWith("stream")) return answered(generation, data);
  return streamed(generation, wish, eventsOf(data as AsyncIterable<{ type: string }>));
}

async function* eventsOf(stream: AsyncIterable<{ readonly type: string }>): AsyncGenerator<Event> {
  for await (const event of stream) yield { type: event.type, data: { ...event } };
}

function answered(generation: string, answer: unknown): Untimed {
  const { data, vpg } = answer as { data: { b64_json: string }[]; vpg: Report };
  const pictures = data.map((picture) => picture.b64_json);
  return { generation, pictures, numerics: vpg.numerics, price: vpg.price.micro_credits, failovers: [] };
}

/** Reads a stream to its end: one terminal event a picture, and nothing of a picture after its own. */
async function streamed(generation: string, wish: Wish, events: AsyncIterable<Event>): Promise<Untimed> {
  const pictures = new Map<number, string>();
  const failovers: Failover[] = [];
  let report: Report | null = null;
  for await (const { type, data } of events) {
    if (type === "comment") continue;
    const bad = (what: string) => new Error(`${generation}: ${what}`);
    const index = data.image_index as number;
    if (type === "error" || type === "vpg.picture_failed") throw bad(`${type}: ${JSON.stringify(data)}`);
    if (pictures.has(index)) throw bad(`${type} of picture ${index} after its end`);
    if (type === "vpg.failover") failovers.push(data as unknown as Failover);
    if (type !== "image_generation.completed") continue;
    pictures.set(index, data.b64_json as string);
    report = data.vpg as Report;
  }
  if (!report || pictures.size !== wish.body.n)
    throw new Error(`${generation}: a stream ended with ${pictures.size} of ${wish.body.n} pictures`);
  return {
    generation,
    pictures: [...pictures].sort(([a], [b]) => a - b).map(([, picture]) => picture),
    numerics: report.numerics,
    price: report.price.micro_credits,
    failovers,
  };
}
