/** Which generation's which step a request at an endpoint is for, read from the request itself. */
import { decodeRequest } from "../../../adapters/oip/request.ts";
import { uint64Values } from "../../../adapters/oip/tensor.ts";
import { catalogue } from "../../../src/catalogue/index.ts";

/** A step's index, or what is decoded: the whole picture, or a coarse preview of it. */
export type Address = number | "decode" | "preview";

export interface Asked {
  readonly generation: string;
  readonly address: Address;
  /** Of its first picture; null where it decodes. The caller of the API chose it. */
  readonly corruptionSeed: number | null;
}

/** Steps of the one schedule that is asked for. */
export const STEPS = catalogue[0].schedules[0]!.steps.length;

const whole = catalogue[0].schedules[0]!.steps.reduce((sum, { t, h, w }) => sum + t * h * w, 0);

/** @returns null where it is none of the Worker's requests: a probe, or somebody's question. */
export function askedOf(body: Uint8Array, headerLength: number): Asked | null {
  const { id, inputs } = decodeRequest(body, headerLength);
  const [, generation, place] = /^(gen_[0-9a-f]+)-(\d+|decode)/.exec(id ?? "") ?? [];
  if (generation === undefined) return null;
  const input = (name: string) => inputs.find((one) => one.name === name);
  if (place === "decode") {
    const isWhole = input("tokens")!.shape[1] === whole;
    return { generation, address: isWhole ? "decode" : "preview", corruptionSeed: null };
  }
  const [seed] = uint64Values(input("corruption_seed")!);
  return { generation, address: Number(place), corruptionSeed: Number(seed) };
}
