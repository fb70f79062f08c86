/** How long an endpoint asks to be left alone (RFC 9110, 10.2.3, and OpenAI's header in milliseconds). */

/** Who asks for more is asked again after this all the same, in ms. */
const most = 60_000;

/**
 * @param headers of an answer that says `overloaded` or `cold`
 * @returns milliseconds, 0 to 60 000, or null where it says nothing that can be read; `retry-after-ms` goes first, and a
 *   date counts from the answer's own, so that clocks need not agree
 */
export function retryAfterOf(headers: Headers): number | null {
  const own = numberOf(headers.get("retry-after-ms"));
  if (own !== null) return Math.min(own, most);
  const text = headers.get("retry-after");
  const seconds = numberOf(text);
  if (seconds !== null) return Math.min(seconds * 1000, most);
  const until = dateOf(text);
  if (until === null) return null;
  return Math.min(Math.max(0, until - (dateOf(headers.get("date")) ?? Date.now())), most);
}

/** Of all forms of RFC 9110's HTTP-date; other texts that a Date would make something of are none. */
function dateOf(text: string | null): number | null {
  const date = /^\w+,? .*\d/.test(text ?? "") ? Date.parse(text!) : Number.NaN;
  return Number.isNaN(date) ? null : date;
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : null;
}
