/** Fetches that spoil a live endpoint's answers on their way, so that any cloud can be seen to lie. */

export type Spoiling =
  /** The last byte is missing, and the length says so. */
  | "short"
  /** The last byte is missing, and no length is given. */
  | "cut short"
  /** A byte more. */
  | "long"
  /** Bytes of noise in the place of all. */
  | "garbage"
  /** 200, and nothing. */
  | "empty"
  /** Noise without end. */
  | "endless";

export interface Spoiler {
  readonly fetch: typeof fetch;
  /** Bytes of the endless answer that were taken. */
  taken(): number;
}

/** Inferences are spoilt, token exchanges are not. */
export function spoiler(how: Spoiling): Spoiler {
  let taken = 0;
  const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 167 + 91) % 251);
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        taken += 65536;
        controller.enqueue(noise(65536));
      },
    });
  return {
    taken: () => taken,
    async fetch(input, init) {
      const response = await fetch(input, init);
      if (!(init?.body instanceof Uint8Array)) return response;
      const whole = new Uint8Array(await response.arrayBuffer());
      const headers = new Headers(response.headers);
      const { status } = response;
      headers.delete("content-length");
      if (how === "endless") return new Response(endless(), { status, headers });
      if (how === "cut short") return new Response(whole.slice(0, -1), { status, headers });
      const body = spoilt(whole, how, noise);
      headers.set("content-length", String(body.byteLength));
      return new Response(body, { status, headers });
    },
  };
}

function spoilt(
  whole: Uint8Array<ArrayBuffer>,
  how: "short" | "long" | "garbage" | "empty",
  noise: (length: number) => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (how === "short") return whole.slice(0, -1);
  if (how === "empty") return new Uint8Array(0);
  if (how === "garbage") return noise(whole.byteLength);
  const longer = new Uint8Array(whole.byteLength + 1);
  longer.set(whole);
  return longer;
}
