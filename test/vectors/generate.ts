/** Writes the golden vectors from the plain reference, never from the kernel: `node test/vectors/generate.ts`. */
import { writeFileSync } from "node:fs";
import { goldenFiles } from "./files.ts";

for (const [name, text] of goldenFiles()) writeFileSync(new URL(`./${name}.json`, import.meta.url), text);
