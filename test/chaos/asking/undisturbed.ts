/** The pictures of an undisturbed run: the same engine before endpoints that nothing stands in front of. */
import type { StepSource } from "../../../adapters/contract.ts";
import { triton } from "../../../adapters/triton.ts";
import { catalogue } from "../../../src/catalogue/index.ts";
import { seedPictures } from "../../../src/engine/seeds.ts";
import { makePlan } from "../../../src/plan/plan.ts";
import { draw } from "../../routing/drawing.ts";
import type { Fleet } from "../endpoints/fleet.ts";
import type { Wish } from "./wish.ts";

/** Of each step the numerics class that computes it, and of decoding. */
export interface Path {
  readonly steps: readonly string[];
  readonly decode: string;
}

export class Undisturbed {
  readonly #sources: ReadonlyMap<string, StepSource>;
  readonly #known = new Map<string, Promise<string[]>>();

  constructor({ classes }: Fleet) {
    this.#sources = new Map(
      [...classes].map(([numerics, [member]]) => {
        const { name, url } = member!;
        return [numerics, triton({ name, url, region: null, numerics })];
      }),
    );
  }

  /** Base64 of each picture, every step and the decoding by the class that the path names. */
  pictures(wish: Wish, path: Path): Promise<string[]> {
    const key = JSON.stringify([wish.body, path]);
    const made = this.#known.get(key) ?? this.#draw(wish, path);
    this.#known.set(key, made);
    return made;
  }

  async #draw({ body }: Wish, { steps, decode }: Path): Promise<string[]> {
    const { prompt, n, seed, vpg } = body;
    const asked = { prompt, n, seed, size: "auto", format: "png", partialImages: 0 } as const;
    const plan = makePlan(
      { ...asked, vpg: { scale: vpg.scale, corruption: vpg.corruption } },
      catalogue[0],
      seedPictures,
    );
    const source: StepSource = {
      step: (request, signal) => this.#sources.get(steps[request.step]!)!.step(request, signal),
      decode: (request, signal) => this.#sources.get(decode)!.decode(request, signal),
    };
    const id = `undisturbed-${this.#known.size}`;
    const { media } = await draw(plan, source, { now: Date.now }, { id });
    return media.map((file) => Buffer.from(file).toString("base64"));
  }
}
