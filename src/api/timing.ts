/** The `server-timing` header: where an answer's time went, in milliseconds. */

export function timingHeader(parts: { readonly [name: string]: number }): string {
  return Object.entries(parts)
    .map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`)
    .join(", ");
}
