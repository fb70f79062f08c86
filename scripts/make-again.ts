/** Asks an API for the pictures of a receipt once more and compares them by their SHA-256. */
import { sha256OfBytes } from "../src/metering/receipt/receipt.ts";
import type { Receipt } from "../src/metering/receipt/schema.ts";

export interface Again {
  /** The API's origin, such as http://localhost:8787. */
  readonly api: string;
  readonly key: string | null;
  readonly prompt: string;
  readonly negativePrompt: string;
}

export interface Compared {
  readonly what: string;
  readonly problem: string | null;
  readonly detail: string;
}

/** What is read of the answer. */
interface Answer {
  readonly data?: readonly { readonly b64_json?: string }[];
  readonly error?: { readonly message?: string };
  readonly vpg?: {
    readonly generation_id?: string;
    readonly revision?: string;
    readonly numerics?: readonly string[];
    readonly pictures?: readonly { readonly seed: number; readonly corruption_seed: number }[];
  };
}

/** The same request again, as one generation; it is charged like any other. */
export async function makeAgain(receipt: Receipt, again: Again): Promise<Compared[]> {
  if (receipt.outputs.length === 0) return [problem("the receipt lists no outputs to compare with")];
  const url = `${again.api.replace(/\/(v1\/?)?$/, "")}/v1/images/generations`;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(again.key === null ? {} : { authorization: `Bearer ${again.key}` }),
      },
      body: JSON.stringify(requestOf(receipt, again)),
    });
    const answer = (await response.json()) as Answer;
    if (!response.ok) return [problem(`${url} answered ${response.status}: ${answer.error?.message ?? ""}`)];
    return compare(receipt, answer);
  } catch (error) {
    return [problem(`${url}: ${error instanceof Error ? error.message : String(error)}`)];
  }
}

/** The body that gives this plan: picture 0 has the request's seed, the others seeds made from it. */
export function requestOf(
  receipt: Receipt,
  { prompt, negativePrompt }: Pick<Again, "prompt" | "negativePrompt">,
) {
  const { n, seeds, settings } = receipt.request;
  const { temperature, vpg } = settings;
  const classes = classesOf(receipt);
  return {
    model: receipt.model,
    prompt,
    ...(negativePrompt === "" ? {} : { negative_prompt: negativePrompt }),
    n,
    seed: seeds[0]!.seed,
    size: settings.size,
    output_format: settings.output_format,
    guidance_scale: settings.guidance_scale,
    // A model with two temperatures takes one from a request; two on the receipt are its own.
    ...(typeof temperature === "number" ? { temperature } : {}),
    top_k: settings.top_k,
    top_p: settings.top_p,
    // Only the class that made them makes them again; of several no run can be repeated.
    ...(classes.length === 1 ? { numerics: classes[0] } : {}),
    vpg: vpg === false ? false : { ...vpg, corruption: { ...vpg.corruption, ...givenCorruptionSeed(seeds) } },
  };
}

/** One that was given holds for all pictures, while those made from n seeds differ. */
function givenCorruptionSeed(seeds: Receipt["request"]["seeds"]): { seed?: number } {
  const [first, ...others] = seeds.map((one) => one.corruption_seed);
  return others.every((other) => other === first) ? { seed: first! } : {};
}

/** The numerics classes that took part, in order of appearance. */
const classesOf = ({ steps }: Receipt) => [
  ...new Set(steps.flatMap((step) => step.routes.flatMap((route) => route.numerics))),
];

function compare(receipt: Receipt, { data = [], vpg = {} }: Answer): Compared[] {
  const before = classesOf(receipt);
  const now = vpg.numerics ?? [];
  const sameArithmetic = before.length === 1 && now.length === 1 && before[0] === now[0];
  const why = [
    vpg.revision === receipt.revision ? [] : [`the API serves revision ${vpg.revision}`],
    sameArithmetic ? [] : [`made by ${before.join(" and ")}, now by ${now.join(" and ")}`],
  ].flat();
  return receipt.outputs.map(({ image_index, sha256 }) => {
    const picture = data[image_index]?.b64_json;
    const hash = picture === undefined ? "nothing" : sha256OfBytes(Buffer.from(picture, "base64"));
    const what = "again";
    const detail = `picture ${image_index} is the same to the last bit (${vpg.generation_id})`;
    if (hash === sha256) return { what, problem: null, detail };
    const reason = why.length === 0 ? "" : `; ${why.join("; ")}`;
    return { what, problem: `picture ${image_index} differs: ${hash}, not ${sha256}${reason}`, detail };
  });
}

const problem = (text: string): Compared => ({ what: "again", problem: text, detail: "" });
