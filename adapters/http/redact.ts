/** Takes an adapter's secrets out of a text before it becomes a message. */

/** Rewrites a text so that none of the secrets stands in it. */
export type Redact = (text: string) => string;

const marker = "***";

/**
 * @param secrets values that must never be seen, as they go over the wire; empty ones are left out
 * @returns the function that replaces each by `***`, also where JSON or a URL has escaped it
 */
export function redactor(secrets: readonly string[]): Redact {
  const forms = secrets.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
  ]);
  const longestFirst = [...new Set(forms)].filter((form) => form !== "").sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return (text) => text;
  const pattern = new RegExp(longestFirst.map(escaped).join("|"), "g");
  return (text) => text.replace(pattern, marker);
}

/**
 * @param secrets as above
 * @returns the length of the longest
 */
export function longestOf(secrets: readonly string[]): number {
  return Math.max(0, ...secrets.map((secret) => secret.length));
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
