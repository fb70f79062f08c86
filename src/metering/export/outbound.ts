/** The one way out to addresses that somebody has configured: no redirects, a time limit, a bounded answer. */

export interface OutboundRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** For us alone: nobody who chose the address is ever shown it. */
export interface OutboundAnswer {
  readonly status: number;
  /** The answer's first kilobyte. */
  readonly text: string;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const MOST_BYTES = 1024;

/**
 * Posts, and reads the beginning of what is said to it. A redirect is an answer like any other and is not followed:
 * it could lead to where the first address was not allowed to point.
 * @throws Error where nothing was answered within the time.
 */
export async function postOut(
  fetch: Fetch,
  { url, headers, body }: OutboundRequest,
  withinMs = 10_000,
): Promise<OutboundAnswer> {
  const response = await fetch(url, {
    ...{ method: "POST", headers, body },
    redirect: "manual",
    signal: AbortSignal.timeout(withinMs),
  });
  return { status: response.status, text: await beginning(response) };
}

export const isAccepted = ({ status }: OutboundAnswer): boolean => status >= 200 && status < 300;

async function beginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    const room = value.subarray(0, MOST_BYTES - bytes);
    bytes += room.length;
    text += decoder.decode(room, { stream: true });
    if (bytes < MOST_BYTES) continue;
    await reader.cancel();
    break;
  }
  return text;
}
