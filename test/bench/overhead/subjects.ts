/** What is compared: a picture straight from the endpoint, through the bare pass-through, and from the edge. */
import { PICTURE, type RecordedCall } from "./calls.ts";
import type { Work } from "./load.ts";
import type { Running, Setting } from "./setting.ts";

export interface Subject {
  readonly name: string;
  readonly work: Work;
  /** Whom it asks. */
  readonly of: Running;
}

/** A picture: its calls one after the other, or one request for all of it. */
export function pictureSubjects(
  { endpoint, bare, edge, key }: Setting,
  calls: readonly RecordedCall[],
): Subject[] {
  return [
    { name: "direct", work: sending(endpoint, calls), of: endpoint },
    { name: "bare pass-through", work: sending(bare, calls), of: bare },
    { name: "edge", work: asking(edge, key, false), of: edge },
    { name: "edge, as a stream", work: asking(edge, key, true), of: edge },
  ];
}

/** One call by itself. */
export const callSubjects = (setting: Setting, call: RecordedCall): Subject[] =>
  pictureSubjects(setting, [call]).slice(0, 2);

function sending({ url }: Running, calls: readonly RecordedCall[]): Work {
  return async ({ send }) => {
    for (const { path, headers, body } of calls) await send(url + path, headers, body);
  };
}

function asking({ url }: Running, key: string, stream: boolean): Work {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const body = new TextEncoder().encode(JSON.stringify({ model: "var-sprites", ...PICTURE, stream }));
  const end = stream ? "event: image_generation.completed" : '"b64_json"';
  return async ({ send }) => {
    const answer = await send(`${url}/v1/images/generations`, headers, body);
    if (!answer.includes(end)) throw new Error(`no picture: ${answer.subarray(0, 300)}`);
  };
}
