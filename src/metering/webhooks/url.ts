/** Which addresses a webhook may have: https, port 443, a public host name, and nothing that hides in a URL. */

const MAX_LENGTH = 2048;

/** Names that lead nowhere in public: RFC 6761, 6762, 7686, 8375, 9476, and what networks use among themselves. */
const NOT_PUBLIC = new Set(
  "localhost local internal intranet private corp home lan arpa test example invalid onion alt".split(" "),
);

/**
 * What is wrong with an address, or null. Where its name leads is for the runtime's network to hold against (a name
 * can lead elsewhere the next moment): see docs/usage.md, "Where a webhook can lead".
 * @param ownHost this deployment's, which must not be made to call itself.
 */
export function refusalOfUrl(text: string, ownHost: string): string | null {
  if (text.length > MAX_LENGTH) return `must not be longer than ${MAX_LENGTH} characters`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url) return "must be a URL";
  if (url.protocol !== "https:") return "must begin with https://";
  if (url.port !== "") return "must have port 443";
  if (url.username !== "" || url.password !== "") return "must not carry a user or password";
  if (url.hash !== "") return "must not have a fragment";
  const { hostname } = url;
  // The URL parser has turned every way to write an IPv4 address (octal, hexadecimal, one number) into this one.
  if (hostname.startsWith("[") || /^[\d.]+$/.test(hostname))
    return "must have a host name, not an IP address";
  const labels = hostname.split(".");
  if (labels.length < 2 || labels.includes("") || NOT_PUBLIC.has(labels.at(-1)!)) {
    return "must have a public host name";
  }
  return hostname === ownHost ? "must not be this API itself" : null;
}
