/** Reads the environment once, wires the rooms, exports the app and the Durable Object. */
import { triton } from "../adapters/triton.ts";
import kernelModule from "../kernels/edge/build/kernel.wasm";
import { loadKernel } from "../kernels/edge/index.ts";
import { makeApp } from "./api/app.ts";
import { seedPictures } from "./engine/seeds.ts";
import { GenerationObject } from "./generation/generation.ts";
import { GenerationIds } from "./generation/id.ts";
import { GenerationService } from "./generation/service.ts";

interface Env {
  readonly GENERATIONS: DurableObjectNamespace<Generation>;
  readonly OUTPUTS: R2Bucket;
  /** "1" when `npm start` or a test made this environment; in no committed config. */
  readonly VPG_LOCAL?: string;
  /** Signs generation ids. */
  readonly ID_SECRET: string;
  /** The endpoint that serves every model, and the numerics class it was started as. */
  readonly ENDPOINT_URL: string;
  readonly ENDPOINT_NUMERICS: string;
  /** "1" where it knows how to leave out what cannot be drawn (docs/gpu.md, "Candidates"). */
  readonly ENDPOINT_CANDIDATES?: string;
}

const kernel = loadKernel(kernelModule);

export class Generation extends GenerationObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    const source = triton({
      name: "builtin",
      url: env.ENDPOINT_URL,
      region: null,
      numerics: env.ENDPOINT_NUMERICS,
      candidates: env.ENDPOINT_CANDIDATES === "1",
    });
    super(ctx, env, { source, kernel, outputs: env.OUTPUTS });
  }
}

let app: ReturnType<typeof makeApp> | null = null;

export default {
  fetch(request, env, ctx) {
    app ??= makeApp({
      generations: new GenerationService(env.GENERATIONS),
      ids: new GenerationIds(env.ID_SECRET),
      seedPictures,
      randomSeed,
      local: env.VPG_LOCAL === "1",
    });
    return app.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;

/** 53 bits of the system's generator. */
function randomSeed(): number {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2));
  return low! + 2 ** 32 * (high! & 0x1fffff);
}
