/** What is compared: a picture straight from the endpoint, through the bare pass-through, and from the edge. */
import { PICTURE, type RecordedCall } from "./calls.ts";
import type { Work } from "./load.ts";
import type { Setting } from "./setting.ts";

export const DIRECT = "direct";
export const BARE = "bare pass-through";
export const EDGE = "edge";

export type Subjects = ReadonlyMap<string, Work>;

/** A picture: its calls one after the other, or one request for all of it. */
export function pictureSubjects(
  { endpoint, bare, edge, key }: Setting,
  calls: readonly RecordedCall[],
): Subjects {
  return new Map([
    [DIRECT, sending(endpoint, calls)],
    [BARE, sending(bare, calls)],
    [EDGE, asking(edge, key, false)],
    [`${EDGE}, as a stream`, asking(edge, key, true)],
  ]);
}

/** One call by itself. */
export function callSubjects({ endpoint, bare }: Setting, call: RecordedCall): Subjects {
  return new Map([
    [DIRECT, sending(endpoint, [call])],
    [BARE, sending(bare, [call])],
  ]);
}

function sending(url: string, calls: readonly RecordedCall[]): Work {
  return async ({ send }) => {
    for (const { path, headers, body } of calls) await send(url + path, headers, body);
  };
}

function asking(url: string, key: string, stream: boolean): Work {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const body = new TextEncoder().encode(JSON.stringify({ model: "var-sprites", ...PICTURE, stream }));
  const end = stream ? "event: image_generation.completed" : '"b64_json"';
  return async ({ send }) => {
    const answer = await send(`${url}/v1/images/generations`, headers, body);
    if (!answer.includes(end)) throw new Error(`no picture: ${answer.subarray(0, 300)}`);
  };
}
