/** Fresh links to a generation's finished pictures, under the origin that the caller used. */
import type { Context } from "hono";
import type { GenerationRecord } from "../generation/record.ts";
import type { Deps } from "./deps.ts";

/** Makes the link to picture i at the moment it is asked to. */
export function linking(c: Context, { links }: Pick<Deps, "links">, record: GenerationRecord) {
  return async (imageIndex: number): Promise<string> => {
    const path = await links.make(record, imageIndex, record.plan.format, Date.now());
    return new URL(path, c.req.url).href;
  };
}
