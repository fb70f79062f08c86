/** A StepSource without a model: logits are noise that depends on prefix, step and branch alone. */
import type {
  DecodeAnswer,
  DecodeRequest,
  PictureStep,
  StepAnswer,
  StepRequest,
  StepSource,
} from "../adapters/contract.ts";
import { philox } from "../kernels/edge/index.ts";
import { narrow } from "../kernels/edge/narrowing.ts";

interface NoiseOptions {
  /** Bytes a piece; boundaries fall where they may. */
  readonly piece?: number;
  /** Called before each answer; may throw the fault to test. */
  readonly before?: (request: StepRequest) => void | Promise<void>;
  readonly beforeDecode?: (request: DecodeRequest) => void | Promise<void>;
  /** Sends only what the request's sampling leaves over. */
  readonly candidates?: boolean;
  /** Changes the bytes of an answer. */
  readonly spoil?: (bytes: Uint8Array, request: StepRequest) => Uint8Array;
}

const route = { endpoint: "noise", region: null };

/** Decoding gives the tokens themselves as the picture. */
export function noiseSource(options: NoiseOptions = {}): StepSource {
  const { piece = 4096, before, beforeDecode, candidates = false, spoil } = options;
  return {
    async step(request, signal): Promise<StepAnswer> {
      signal.throwIfAborted();
      await before?.(request);
      const rows = request.pictures.map((picture) => noiseRows(request, picture));
      const left = candidates
        ? rows.map((bytes) => narrow({ ...request, ...request.sampling!, seed: 0 }, bytes))
        : null;
      const bytes = join(left?.map(({ logits }) => logits) ?? rows);
      return {
        route,
        stats: request.pictures.map(() => ({
          deviceMs: 1,
          cache: "miss",
          revision: request.revision,
          numerics: "noise",
        })),
        ...(left && { candidates: left }),
        logits: pieces(spoil?.(bytes, request) ?? bytes, piece),
      };
    },
    async decode(request, signal): Promise<DecodeAnswer> {
      signal.throwIfAborted();
      await beforeDecode?.(request);
      return { route, media: request.pictures.map((tokens) => tokens.slice()) };
    },
  };
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function noiseRows({ step, length, width, branches }: StepRequest, picture: PictureStep): Uint8Array {
  const seed = digest(picture.prefix);
  const rows = new DataView(new ArrayBuffer(length * branches * width * 2));
  for (let i = 0; i < rows.byteLength / 2; i++) {
    const [x] = philox(seed, [i, step, 9, picture.corruption.ratio > 0 ? 1 : 0]);
    rows.setFloat16(2 * i, (x / 2 ** 32) * 8 - 4, true);
  }
  return new Uint8Array(rows.buffer);
}

const digest = (bytes: Uint8Array) => bytes.reduce((sum, byte) => (sum * 31 + byte) % 2 ** 32, 7);

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
