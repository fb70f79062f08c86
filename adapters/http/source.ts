/** What every adapter is behind its wire: a StepSource whose calls throw `Fault` and nothing else. */
import type { DecodeAnswer, DecodeRequest, Route, StepAnswer, StepRequest, StepSource } from "../contract.ts";
import { drawable } from "../messages/candidates.ts";
import { readCandidates } from "../messages/candidates-answer.ts";
import { decodeMessage } from "../messages/decode.ts";
import { parseStats } from "../messages/stats.ts";
import { stepMessage } from "../messages/step.ts";
import { leavable } from "../oip/leave.ts";
import { Malformed } from "../oip/malformed.ts";
import { Call } from "./call.ts";
import { infer } from "./infer.ts";
import type { Wire } from "./wire.ts";

/** What an adapter of any kind is told. */
export interface SourceOptions {
  /** Its name in routes, faults and logs. */
  readonly name: string;
  /** Where it stands, null where that means nothing. */
  readonly region: string | null;
  /** The numerics class it was started as; an answer that declares another is the fault `corrupt`. */
  readonly numerics: string;
  /** The fetch to use; the platform's own unless given. */
  readonly fetch?: typeof fetch;
  /**
   * The most bytes the files of one decode may take together, and 16 MiB a picture besides; 64 MiB unless given, half of
   * what a Worker has.
   */
  readonly maxMediaBytes?: number;
  /** Asks for candidates where the sampling leaves tokens out: the same draw from fewer bytes. The server must know how. */
  readonly candidates?: boolean;
}

const defaultMediaBytes = 64 * 1024 * 1024;

/** More than this no file of one picture takes. */
const pictureBytes = 16 * 1024 * 1024;

/**
 * @param options see `SourceOptions`
 * @param wire how its cloud is spoken to
 * @returns the adapter; connects to nothing yet
 */
export function sourceOver(options: SourceOptions, wire: Wire): StepSource {
  const { name, region, numerics, maxMediaBytes = defaultMediaBytes } = options;
  const route: Route = { endpoint: name, region };
  const begin = (
    { deadlineMs }: { readonly deadlineMs: number },
    signal: AbortSignal,
    hidden: readonly string[] = [],
  ) => new Call({ endpoint: name, redact: wire.redact, hidden, deadlineMs, signal });

  return {
    async step(request: StepRequest, signal: AbortSignal): Promise<StepAnswer> {
      const call = begin(request, signal, promptsOf(request));
      try {
        const sampling = options.candidates ? drawable(request) : undefined;
        const answer = await infer(call, wire, request.model, () => stepMessage(request, sampling));
        const elements = await answer.bytes();
        const stats = elements.map((element) =>
          parseStats(element, { revision: request.revision, numerics }),
        );
        if (!sampling) return { stats, route, logits: passOn(call, answer.stream()) };
        const { candidates, pairs } = await readCandidates(answer, request);
        return { stats, route, candidates, logits: passOn(call, pairs) };
      } catch (error) {
        throw failed(call, error);
      }
    },

    async decode(request: DecodeRequest, signal: AbortSignal): Promise<DecodeAnswer> {
      const call = begin(request, signal);
      try {
        const byOp = wire.reaches === "one";
        const model = byOp ? request.model : `${request.model}.decode`;
        const answer = await infer(call, wire, model, () =>
          decodeMessage(request, mediaBytes(request, maxMediaBytes), byOp),
        );
        const media = await answer.bytes();
        if (media.some((file) => file.byteLength === 0)) throw new Malformed("media: an empty file");
        await answer.end();
        call.close();
        return { media, route };
      } catch (error) {
        throw failed(call, error);
      }
    },
  };
}

/**
 * @param given the operator's, if any
 * @returns it, or the platform's, to be called as a plain function: workerd refuses its own with another `this`
 */
export function fetcherOf(given: typeof fetch | undefined): typeof fetch {
  return given ?? ((input, init) => fetch(input, init));
}

/** The most bytes of an answer's files: so many a picture, and of what one decode may take the part's share. */
function mediaBytes({ pictures, inAll = pictures.length }: DecodeRequest, most: number): number {
  return Math.min(pictures.length * pictureBytes, Math.floor((most * pictures.length) / inAll));
}

/** One or two characters tell nothing, and would take letters out of every message. */
function promptsOf({ pictures }: StepRequest): string[] {
  const texts = pictures.flatMap(({ condition }) =>
    condition.kind === "text" ? [condition.prompt, condition.negativePrompt] : [],
  );
  return [...new Set(texts)].filter((text) => text.length > 2);
}

/** Hands pieces on until they end, the call fails, or the consumer leaves. */
function passOn(call: Call, pieces: AsyncIterableIterator<Uint8Array>): AsyncIterableIterator<Uint8Array> {
  async function* guarded(): AsyncGenerator<Uint8Array, void> {
    try {
      for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
      call.close();
    } catch (error) {
      throw failed(call, error);
    }
  }
  return leavable(guarded(), () => {
    call.abandon();
    void pieces.return?.();
  });
}

function failed(call: Call, error: unknown): Error {
  const fault = call.faultOf(error);
  call.abandon();
  return fault;
}
