/** A generation's lines as OpenAI's image stream: server-sent events with ids to go on from. */
import type { Context } from "hono";
import type { GenerationEvent, Line } from "../generation/events.ts";
import type { Followed } from "../generation/service.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../refusal.ts";
import { errorBody } from "./errors.ts";
import { failureOf } from "./failure.ts";
import { reportOf, usageOf, type Warning } from "./report.ts";
import { seconds } from "./seconds.ts";
import type { StreamPlace } from "./streams.ts";

export interface StreamContext {
  readonly id: string;
  readonly plan: Plan;
  readonly createdMs: number;
  readonly safetyIdentifier: string | null;
  readonly warnings: readonly Warning[];
  /** Where finished pictures come as links: makes one. */
  readonly link: ((imageIndex: number) => Promise<string>) | null;
  /** Whether `vpg.failover` was asked for. */
  readonly failovers: boolean;
  /** Among the streams that the caller's key has open. */
  readonly place: StreamPlace;
}

/** Answers with a generation's events. */
export function answerStream(c: Context, followed: Followed, context: StreamContext): Response {
  c.header("content-type", "text/event-stream; charset=utf-8");
  c.header("cache-control", "no-store, no-transform");
  const unheard = (said: Promise<void>) => c.executionCtx.waitUntil(said);
  return c.body(eventStream(followed, context, c.req.raw.signal, unheard));
}

/**
 * The stream's body. Leaving it (the client hung up) leaves the generation.
 * If the lines break for good, the stream still ends with an `error` event.
 * @param signal fires when the client hangs up, where the platform notices before a write fails.
 * @param unheard keeps the Worker until the generation has heard that its listener left, though the request is over.
 */
function eventStream(
  { lines, leave }: Followed,
  context: StreamContext,
  signal: AbortSignal,
  unheard: (said: Promise<void>) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = lines[Symbol.asyncIterator]();
  let left = false;
  const hangUp = () => {
    left = true;
    context.place.leave();
    unheard(leave());
  };
  // It may have gone while the generation was started.
  if (signal.aborted) hangUp();
  else signal.addEventListener("abort", hangUp, { once: true });
  return new ReadableStream(
    {
      async pull(controller) {
        const text = await iterator.next().then(
          ({ value, done }) => (done ? null : textOf(value, context)),
          (cause) => broken(context, cause),
        );
        if (left) return;
        if (text !== null) {
          context.place.renew();
          controller.enqueue(encoder.encode(text));
        } else {
          context.place.leave();
          controller.close();
        }
      },
      cancel: hangUp,
    },
    { highWaterMark: 0 },
  );
}

function broken({ id }: StreamContext, cause: unknown): string {
  console.error(id, cause);
  const refusal = new Refusal("internal_error", "The stream broke; read the rest from its events.");
  return frame(null, "error", errorBody(refusal));
}

async function textOf(line: Line, context: StreamContext): Promise<string> {
  if ("comment" in line) return `: ${line.comment}\n\n`;
  if (line.event.type === "failover" && !context.failovers) return ": another endpoint goes on\n\n";
  const isLinked = context.link && line.event.type === "completed";
  const media = isLinked ? { url: await context.link(line.event.imageIndex) } : { b64_json: line.media };
  const [type, data] = dataOf(line.event, media, context);
  return frame(line.id, type, data);
}

function frame(id: number | null, type: string, data: object): string {
  return `${id === null ? "" : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

type Media = { readonly url: string } | { readonly b64_json: string | null };

function dataOf(event: GenerationEvent, media: Media, context: StreamContext): [string, object] {
  const { id, plan, createdMs, safetyIdentifier, warnings } = context;
  const picture = {
    ...media,
    created_at: seconds(createdMs),
    size: plan.size,
    quality: "auto",
    background: "opaque",
    output_format: plan.format,
  };
  switch (event.type) {
    case "preview":
      return [
        "image_generation.partial_image",
        { ...picture, partial_image_index: event.index, image_index: event.imageIndex, step: event.step },
      ];
    case "completed":
      return [
        "image_generation.completed",
        {
          ...picture,
          image_index: event.imageIndex,
          usage: usageOf(plan, 1),
          safety_identifier: safetyIdentifier,
          vpg: reportOf(id, plan, event, warnings),
        },
      ];
    case "failover": {
      const { imageIndex, images, step, from, to, fault, fromClass, toClass } = event;
      return [
        "vpg.failover",
        {
          image_index: imageIndex,
          images,
          step,
          from,
          to,
          fault,
          numerics: { from: fromClass, to: toClass },
        },
      ];
    }
    case "picture_failed":
      return ["vpg.picture_failed", { image_index: event.imageIndex, reason: event.reason }];
    case "failed":
      return ["error", { ...errorBody(failureOf(event.reason)), images: event.images }];
  }
}
