/** The calls of one picture, byte for byte as the edge sends them: recorded while the engine draws one. */
import { triton } from "../../../adapters/triton.ts";
import { planOf } from "../../ended.ts";
import { draw } from "../../routing/drawing.ts";

export interface RecordedCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What the picture of the benchmark is: with VPG, so that logits come in pairs. */
export const PICTURE = { prompt: "mushroom", n: 1, seed: 7, vpg: { scale: 1.5 } };

/**
 * Draws the picture once.
 * @param url the endpoint's.
 * @returns its steps and its decoding, in order.
 */
export async function recordCalls(url: string): Promise<RecordedCall[]> {
  const calls: RecordedCall[] = [];
  const recording: typeof fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    const body = new Uint8Array(await new Response(init!.body!).arrayBuffer());
    calls.push({ path: pathname, headers: Object.fromEntries(new Headers(init!.headers)), body });
    return fetch(input, { ...init, body });
  };
  const source = triton({ name: "noise", url, region: null, numerics: "noise", fetch: recording });
  await draw(planOf(PICTURE), source, { now: Date.now }, { id: "recorded" });
  return calls;
}
