/** What is compared: a picture straight from the endpoint, through the bare pass-through, and from the edge. */
import { PICTURE, type RecordedCall } from "./calls.ts";
import type { Work } from "./load.ts";
import type { Edge, Running, Setting } from "./setting.ts";

export interface Subject {
  readonly name: string;
  readonly work: Work;
  /** Whom it asks. */
  readonly of: Running;
}

/**
 * A picture: its calls one after the other, or one request for all of it. Of several edges the first is the one that is
 * measured, the others stand beside it.
 */
export function pictureSubjects(setting: Setting, calls: readonly RecordedCall[]): Subject[] {
  return [
    ...callSubjects(setting, calls),
    ...setting.edges.flatMap((edge, i) => {
      const name = i === 0 ? "edge" : `edge ${i + 1}`;
      return [
        { name, work: asking(edge, false), of: edge },
        { name: `${name}, as a stream`, work: asking(edge, true), of: edge },
      ];
    }),
  ];
}

/** Calls as they are. */
export const callSubjects = ({ endpoint, bare }: Setting, calls: readonly RecordedCall[]): Subject[] => [
  { name: "direct", work: sending(endpoint, calls), of: endpoint },
  { name: "bare pass-through", work: sending(bare, calls), of: bare },
];

function sending({ url }: Running, calls: readonly RecordedCall[]): Work {
  return async ({ send }) => {
    for (const { path, headers, body } of calls) await send(url + path, headers, body);
  };
}

function asking({ url, key }: Edge, stream: boolean): Work {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const body = new TextEncoder().encode(JSON.stringify({ model: "var-sprites", ...PICTURE, stream }));
  const end = stream ? "event: image_generation.completed" : '"b64_json"';
  return async ({ send }) => {
    const answer = await send(`${url}/v1/images/generations`, headers, body);
    if (!answer.includes(end)) throw new Error(`no picture: ${answer.subarray(0, 300)}`);
  };
}
