/** Where an endpoint is, as an operator writes it down. */

/**
 * @param text an address
 * @returns it without slashes at its end
 * @throws TypeError unless it is http(s) without credentials, query and fragment; its message repeats none of it
 */
export function baseOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new TypeError("url: not an http(s) address");
  if (url.username !== "" || url.password !== "") throw new TypeError("url: credentials do not belong there");
  if (url.search !== "" || url.hash !== "") throw new TypeError("url: a query or fragment");
  return url.href.replace(/\/+$/, "");
}
