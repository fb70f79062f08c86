/** `npm run spec`: writes the API's description, made from its routes, to docs/openapi.json. */
import { writeFileSync } from "node:fs";

export const SPEC_FILE = "docs/openapi.json";

/** The description as the file has it. */
export async function spec(): Promise<string> {
  // By address and not by name: the API is typed for workerd, a world that the compiler of this file does not know.
  const { describeRoutes } = (await import(new URL("../src/api/app.ts", import.meta.url).href)) as {
    describeRoutes: () => object;
  };
  return `${JSON.stringify(describeRoutes(), null, 2)}\n`;
}

if (import.meta.main) {
  writeFileSync(SPEC_FILE, await spec());
  console.error(`vpg-edge: wrote ${SPEC_FILE}`);
}
