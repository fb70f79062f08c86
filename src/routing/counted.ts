/** Counts of calls over all isolates: each tells the board what has come to its own since it last told. Pure. */

/** Numbers by name, nested: what `Counters` are, whichever faults they name. */
export interface Tally {
  readonly [name: string]: number | Tally;
}

/** @returns both together; a name that only one has counts as 0 in the other */
export const added = (one: Tally, other: Tally): Tally => combined(one, other, (a, b) => a + b);

/** @returns what has come to `now` since `before` */
export const since = (now: Tally, before: Tally): Tally => combined(now, before, (a, b) => a - b);

function combined(one: Tally, other: Tally, join: (a: number, b: number) => number): Tally {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(
    names.map((name) => {
      const [a, b] = [one[name] ?? 0, other[name] ?? 0];
      if (typeof a === "number" && typeof b === "number") return [name, join(a, b)];
      return [name, combined(treeOf(a), treeOf(b), join)];
    }),
  );
}

const treeOf = (value: number | Tally): Tally => (typeof value === "number" ? {} : value);
