/** Takes an adapter's secrets out of a text before it becomes a message. */

/** Rewrites a text so that none of the secrets stands in it. */
export type Redact = (text: string) => string;

const marker = "***";

/**
 * @param secrets values that must never be seen, as they go over the wire; empty ones are left out
 * @returns the function that replaces each by `***`, also where JSON (in UTF-8 or in ASCII) or a URL has escaped it
 */
export function redactor(secrets: readonly string[]): Redact {
  const longestFirst = [...new Set(secrets.flatMap(formsOf))]
    .filter((form) => form !== "")
    .sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return (text) => text;
  const pattern = new RegExp(longestFirst.map(escaped).join("|"), "g");
  return (text) => text.replace(pattern, marker);
}

/**
 * @param secrets as above
 * @returns the length of the longest form of any
 */
export function longestOf(secrets: readonly string[]): number {
  return Math.max(0, ...secrets.flatMap(formsOf).map((form) => form.length));
}

/** What a secret may have become on its way. */
function formsOf(secret: string): string[] {
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    asciiJson(secret, (hex) => hex),
    asciiJson(secret, (hex) => hex.toUpperCase()),
    encodeURIComponent(secret.toWellFormed()),
  ];
}

/** Python's `json.dumps` and others write a UTF-16 unit that is not printable ASCII by its number; the case of hex is theirs. */
function asciiJson(text: string, written: (hex: string) => string): string {
  return text.replace(/[^ -~]|["\\]/g, (unit) => {
    const short = JSON.stringify(unit).slice(1, -1);
    if (short.length === 2) return short;
    return `\\u${written(unit.charCodeAt(0).toString(16).padStart(4, "0"))}`;
  });
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
