/** After which steps previews are made. */

/**
 * Spreads `count` previews over K steps, ascending, none twice; as many as steps means one after each.
 * @param count 0..K
 */
export function previewSteps(count: number, K: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 1) * K) / (count + 1)));
}
