/** Server-sent events as a client reads them. */

/** One event, or a comment. */
export interface StreamLine {
  readonly id: string | null;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** @throws TypeError when the connection breaks; leaving the loop closes it. */
export async function* linesOf(response: Response): AsyncGenerator<StreamLine> {
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + text).split("\n\n");
    rest = frames.pop()!;
    for (const frame of frames) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(frame)?.[1];
      if (frame.startsWith(":")) yield { id: null, type: "comment", data: { text: frame.slice(2) } };
      else yield { id: field("id") ?? null, type: field("event")!, data: JSON.parse(field("data")!) };
    }
  }
}
