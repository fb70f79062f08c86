/** A source whose cloud takes only so much in one message: larger requests go in parts, and come back as one answer. */
import type {
  DecodeAnswer,
  DecodeRequest,
  PictureStep,
  StepAnswer,
  StepRequest,
  StepSource,
} from "./contract.ts";
import { Fault } from "./fault.ts";
import { type Limits, picturesWithin, rowBytes } from "./limits.ts";
import { drawable } from "./messages/candidates.ts";
import { leavable } from "./oip/leave.ts";

export interface SplitOptions {
  /** The source's name, for the fault when one picture alone is too large. */
  readonly name: string;
  readonly limits: Limits;
  /** The most pictures its server takes in a request. */
  readonly batch: number;
  /** Whether it is asked for candidates, where the sampling leaves tokens out. */
  readonly candidates: boolean;
}

/**
 * @param source an adapter
 * @param options what fits in a message
 * @returns the same adapter, which takes any number of pictures; a picture that does not fit is the fault `rejected`
 */
export function split(source: StepSource, options: SplitOptions): StepSource {
  const { name, limits, batch } = options;
  /** Pictures cut into parts, each of which fits. */
  const parts = <T>(pictures: readonly T[], fitting: number): T[][] => {
    const most = Math.min(fitting, batch);
    if (most < 1)
      throw new Fault({ kind: "rejected" }, name, "no", "one picture exceeds what it lets through");
    return Array.from({ length: Math.ceil(pictures.length / most) }, (_, i) =>
      pictures.slice(i * most, (i + 1) * most),
    );
  };

  return {
    async step(request: StepRequest, signal: AbortSignal): Promise<StepAnswer> {
      const fitting = Math.min(
        picturesWithin(limits.answerBytes, answerBytes(request, options.candidates)),
        picturesWithin(limits.requestBytes, Math.max(0, ...request.pictures.map(requestBytes))),
      );
      const groups = parts(request.pictures, fitting);
      if (groups.length <= 1) return await source.step(request, signal);
      const answers = await together(groups, signal, (pictures, i, stop) =>
        source.step({ ...request, id: `${request.id}.${i}`, pictures }, stop),
      );
      const candidates = answers.flatMap((answer) => answer.candidates ?? []);
      return {
        stats: answers.flatMap((answer) => answer.stats),
        route: answers[0]!.route,
        ...(candidates.length === 0 ? {} : { candidates }),
        logits: joined(answers.map((answer) => answer.logits)),
      };
    },

    async decode(request: DecodeRequest, signal: AbortSignal): Promise<DecodeAnswer> {
      // How large a file becomes nobody knows before: where a ceiling is, each travels alone.
      const groups = parts(request.pictures, limits.answerBytes === null ? Number.POSITIVE_INFINITY : 1);
      if (groups.length <= 1) return await source.decode(request, signal);
      const inAll = request.inAll ?? request.pictures.length;
      const answers = await together(groups, signal, (pictures, i, stop) =>
        source.decode({ ...request, id: `${request.id}.${i}`, pictures, inAll }, stop),
      );
      return { media: answers.flatMap((answer) => answer.media), route: answers[0]!.route };
    },
  };
}

/** Bytes of what is large in one picture's part of a request. */
function requestBytes({ prefix, condition }: PictureStep): number {
  if (condition.kind === "class") return prefix.byteLength;
  const texts = new TextEncoder().encode(condition.prompt + condition.negativePrompt);
  return prefix.byteLength + texts.byteLength;
}

/** Bytes one picture's answer takes at most: with candidates a token kept takes two more, and top-k bounds how many are (ties aside). */
function answerBytes(request: StepRequest, candidates: boolean): number {
  const sampling = candidates ? drawable(request) : undefined;
  if (sampling === undefined) return rowBytes(request);
  const { topK, temperature } = sampling;
  const kept = temperature === 0 ? 1 : topK > 0 ? Math.min(topK, request.width) : request.width;
  return request.length * kept * 2 * (request.branches + 1);
}

/** Asks for all parts at once; when one fails the others are left, and all have ended before the fault goes on. */
async function together<G, A>(
  groups: readonly G[],
  signal: AbortSignal,
  ask: (group: G, i: number, stop: AbortSignal) => Promise<A>,
): Promise<A[]> {
  const others = new AbortController();
  const stop = AbortSignal.any([signal, others.signal]);
  const errors: unknown[] = [];
  const settled = await Promise.allSettled(
    groups.map((group, i) =>
      ask(group, i, stop).catch((error: unknown) => {
        errors.push(error);
        others.abort();
        throw error;
      }),
    ),
  );
  if (errors.length > 0) throw errors[0];
  return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

/** One after the other, since a picture's rows follow those of the one before; what is not read yet waits in its connection. */
function joined(streams: readonly AsyncIterable<Uint8Array>[]): AsyncIterableIterator<Uint8Array> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  const leave = () => {
    for (const iterator of iterators) void iterator.return?.();
  };
  async function* all(): AsyncGenerator<Uint8Array, void> {
    try {
      for (const iterator of iterators) {
        for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
      }
    } catch (error) {
      leave();
      throw error;
    }
  }
  return leavable(all(), leave);
}
