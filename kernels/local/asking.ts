/** How the tests ask an endpoint: requests in the contract's words, over HTTP, answers taken apart. */
import { bytesTensor, bytesValues, textValues } from "../../adapters/oip/bytes.ts";
import { headerLengthField } from "../../adapters/oip/frame.ts";
import { parseHeaderLength } from "../../adapters/oip/header.ts";
import { encodeRequest, type InferRequest } from "../../adapters/oip/request.ts";
import { decodeResponse } from "../../adapters/oip/response.ts";
import { fp32Tensor, int32Tensor, rawTensor, type Tensor, uint64Tensor } from "../../adapters/oip/tensor.ts";
import { type Model, readModel } from "./model.ts";
import { shippedWeights } from "./shipped.ts";

/** Folder of the weights that most tests use: those of the repository's first model, or of a fresh export. */
export const weights = process.env.VPG_WEIGHTS ?? new URL("../weights/var-sprites", import.meta.url).pathname;

/** Of all models that are shipped, by their ids, or the fresh export alone: what every test of a kernel goes over. */
export const models: readonly [string, Model][] = await Promise.all(
  (process.env.VPG_WEIGHTS === undefined ? await shippedWeights() : [weights]).map(async (folder) => {
    const model = await readModel(folder);
    return [model.id, model] as [string, Model];
  }),
);

/** One picture's part of a step request. */
export interface Asked {
  readonly step: number;
  readonly tokens: readonly number[];
  readonly class: number;
  readonly guidance: readonly number[];
  readonly corruption: { readonly kind: string; readonly seed: number; readonly ratio: number };
  readonly prefixKey: string;
}

export interface Answered {
  readonly stats: Record<string, unknown>;
  /** FP16 [L_k, B, V], as hex so that a test compares and shows bits. */
  readonly bits: string;
  readonly shape: readonly number[];
}

/** @returns tokens, others for every seed */
export function someTokens(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => ((i + 1) * (7919 + 2 * seed) + seed) % 512);
}

export function uint16s(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer);
}

/** @returns a whole step request of pictures of one step */
export function stepRequest(pictures: readonly Asked[]): InferRequest {
  const n = pictures.length;
  const column = [n, 1];
  const { tokens, guidance } = pictures[0]!;
  return {
    id: null,
    parameters: {},
    outputs: [],
    inputs: [
      int32Tensor(
        "step",
        column,
        pictures.map((picture) => picture.step),
      ),
      bytesTensor(
        "schedule",
        column,
        pictures.map(() => "64"),
      ),
      rawTensor(
        "tokens",
        "UINT16",
        [n, tokens.length],
        uint16s(pictures.flatMap((picture) => picture.tokens)),
      ),
      int32Tensor(
        "class",
        column,
        pictures.map((picture) => picture.class),
      ),
      fp32Tensor(
        "guidance",
        [n, guidance.length],
        pictures.flatMap((picture) => picture.guidance),
      ),
      fp32Tensor(
        "corruption_ratio",
        column,
        pictures.map(({ corruption }) => corruption.ratio),
      ),
      bytesTensor(
        "corruption_kind",
        column,
        pictures.map(({ corruption }) => corruption.kind),
      ),
      uint64Tensor(
        "corruption_seed",
        column,
        pictures.map(({ corruption }) => corruption.seed),
      ),
      bytesTensor(
        "prefix_key",
        column,
        pictures.map((picture) => picture.prefixKey),
      ),
    ],
  };
}

/** @returns a whole decode request */
export function decodeRequestOf(pictures: readonly (readonly number[])[], format: string): InferRequest {
  const n = pictures.length;
  return {
    id: null,
    parameters: {},
    outputs: [],
    inputs: [
      rawTensor("tokens", "UINT16", [n, pictures[0]!.length], uint16s(pictures.flat())),
      bytesTensor(
        "schedule",
        [n, 1],
        pictures.map(() => "64"),
      ),
      bytesTensor(
        "format",
        [n, 1],
        pictures.map(() => format),
      ),
    ],
  };
}

/** Sends a request as it is. */
export function post(
  url: string,
  model: string,
  request: InferRequest,
  signal?: AbortSignal,
): Promise<Response> {
  const { headerLength, body } = encodeRequest(request);
  return fetch(`${url}/v2/models/${model}/infer`, {
    method: "POST",
    headers: { [headerLengthField]: String(headerLength) },
    body,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** @returns the outputs of an answer that must be 200 */
export async function outputsOf(response: Response): Promise<readonly Tensor[]> {
  const body = new Uint8Array(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${response.status}: ${new TextDecoder().decode(body)}`);
  return decodeResponse(body, parseHeaderLength(response.headers.get(headerLengthField))).outputs;
}

/** Asks for one step of some pictures. */
export async function askStep(
  url: string,
  pictures: readonly Asked[],
  model = "var-sprites",
): Promise<Answered[]> {
  const [stats, logits] = await outputsOf(await post(url, model, stepRequest(pictures)));
  const size = logits!.data.byteLength / pictures.length;
  return textValues(stats!).map((text, i) => ({
    stats: JSON.parse(text) as Record<string, unknown>,
    bits: Buffer.from(logits!.data.subarray(i * size, (i + 1) * size)).toString("hex"),
    shape: logits!.shape.slice(1),
  }));
}

/** Asks for pictures of tokens. */
export async function askDecode(
  url: string,
  pictures: readonly (readonly number[])[],
  format: string,
  model = "var-sprites",
): Promise<Uint8Array[]> {
  const [media] = await outputsOf(await post(url, `${model}.decode`, decodeRequestOf(pictures, format)));
  return bytesValues(media!);
}
