/** Generations that meet one random bit each: counted, and no more than that asked of them. */
import { randomOf } from "../random.ts";
import { hear, judge, type Lab, type Outcome } from "./asking/fulfilment.ts";
import { triedIn } from "./asking/told.ts";
import { wishOf } from "./asking/wish.ts";
import { crowd } from "./crowd.ts";
import { OneFlip } from "./faults/flips.ts";
import { FaultRecord } from "./faults/record.ts";

export interface FlipCounts {
  readonly logits: Counted;
  readonly files: Counted;
}

/** What came of a bit: the endpoint was found out; nothing changed; the picture did and nobody noticed. */
export interface Counted {
  readonly caught: number;
  readonly harmless: number;
  readonly silent: number;
}

const FIRST_NUMBER = 2_000_000;
/** Generations at a time. */
const AT_ONCE = 3;

export async function runFlips(
  lab: Lab,
  { seed, flips }: { readonly seed: number; readonly flips: number },
): Promise<{ counts: FlipCounts; outcomes: Outcome[] }> {
  const random = randomOf(seed + 2);
  const classes = [...lab.fleet.classes.keys()];
  const wishes = Array.from({ length: flips }, (_, i) => {
    const wish = wishOf(random, FIRST_NUMBER + i, classes);
    return { ...wish, twice: "no" as const, previews: 0 };
  });
  const record = new FaultRecord();
  const numbers = wishes.map(({ number }) => number);
  await lab.fleet.direct(new OneFlip(random, numbers, record));
  const outcomes = await crowd(wishes, AT_ONCE, async (wish) => judge(lab, await hear(lab, wish, "flips")));
  await lab.fleet.direct(null);
  const kinds = outcomes.map((outcome) => {
    const [incident] = record.of(outcome.told?.generation ?? "");
    return { part: incident?.address === "decode" ? "files" : "logits", kind: kindOf(outcome) } as const;
  });
  const count = (part: keyof FlipCounts): Counted => {
    const of = (kind: keyof Counted) => kinds.filter((one) => one.part === part && one.kind === kind).length;
    return { caught: of("caught"), harmless: of("harmless"), silent: of("silent") };
  };
  return { counts: { logits: count("logits"), files: count("files") }, outcomes };
}

function kindOf({ shown, isEqual }: Outcome): keyof Counted {
  if (triedIn(shown).some(({ fault }) => fault === "corrupt")) return "caught";
  return isEqual ? "harmless" : "silent";
}
