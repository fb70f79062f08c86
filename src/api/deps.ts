/** What the routes are given, and what a request carries through them. */
import type { GenerationIds } from "../generation/id.ts";
import type { GenerationService } from "../generation/service.ts";
import type { SeedPictures } from "../plan/plan.ts";

export interface Deps {
  readonly generations: GenerationService<unknown>;
  readonly ids: GenerationIds;
  readonly seedPictures: SeedPictures;
  /** An integer 0 .. 2^53 - 1 that nobody can foresee. */
  readonly randomSeed: () => number;
  /** Whether `npm start` made this environment; nothing else may serve before there are accounts. */
  readonly local: boolean;
}

export interface ApiEnv {
  Variables: {
    requestId: string;
    /** `performance.now()` when the request came. */
    began: number;
    /** The generation that the request started, for its log line. */
    generation: string;
  };
}
