/** `--prove`: runs the check on pictures that were made worse in known ways; all but the first must fail. */
import { rmSync } from "node:fs";
import { checkModel } from "./check.ts";
import type { Held } from "./expected.ts";
import { type Service, startService } from "./service.ts";
import { checkPlan, type Plan, type Sampling } from "./settings.ts";
import { type Spoiling, spoilingsOf } from "./spoil.ts";

/**
 * @param folder where the worse pictures are kept, and gone on with.
 * @returns 0 where the check tells every one.
 */
export async function prove(models: readonly string[], folder: string): Promise<number> {
  const plain = await startService();
  let wrong = 0;
  try {
    for (const id of models) {
      const model = await plain.model(id);
      for (const [i, spoiling] of spoilingsOf(model).entries()) {
        const held = await withSpoiled(plain, id, spoiling, (service) =>
          checkModel(service, model, spoiledPlan(model, spoiling.over), spoiling.draw, `${folder}/${i}`),
        );
        const told = held.some((one) => one.worse);
        if (told !== i > 0) wrong++;
        console.log(`${id}: ${spoiling.name}: ${told ? "fails" : "passes"}\n  ${held.map(shown).join("; ")}`);
      }
    }
  } finally {
    await plain.close();
  }
  return wrong === 0 ? 0 : 1;
}

/** The check's first setting, with a spoiling's fields over its own. */
function spoiledPlan(model: Parameters<typeof spoilingsOf>[0], over: Sampling = {}): Plan {
  const plan = checkPlan(model);
  const first = plan.settings.slice(0, 1);
  const settings = first.map((setting) => ({ ...setting, request: { ...setting.request, ...over } }));
  return { ...plan, settings };
}

async function withSpoiled<T>(
  plain: Service,
  model: string,
  { weights }: Spoiling,
  use: (service: Service) => Promise<T>,
): Promise<T> {
  if (!weights) return use(plain);
  const folder = weights();
  const service = await startService({ model, folder });
  try {
    return await use(service);
  } finally {
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function shown({ setting, key, value, limit, worse }: Held): string {
  return `${setting} ${key} ${value.toFixed(3)}${worse ? ` (limit ${limit.toFixed(3)})` : ""}`;
}
