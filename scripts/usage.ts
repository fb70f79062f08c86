/** `npm run usage -- PATH...`: totals by account and day of exported usage files, each event counted once. */
import { createReadStream, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { UsageTotals } from "../src/metering/export/totals.ts";
import { lines } from "./lines.ts";
import { tableOf } from "./table.ts";

const paths = process.argv.slice(2);
if (paths.length === 0) fail("npm run usage -- PATH...: NDJSON files, or folders of them, as exported to R2");

const totals = new UsageTotals();
const files = paths.flatMap(filesOf);
for (const file of files) {
  let number = 0;
  for await (const line of lines(createReadStream(file))) {
    number++;
    try {
      if (line.trim() !== "") totals.add(line);
    } catch (error) {
      fail(`${file}:${number}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
console.log(tableOf(totals.list().map((total) => ({ ...total }))));
console.log(`${files.length} files, ${totals.duplicates} lines more than once`);

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ndjson"))
    .sort()
    .map((name) => join(path, name));
}

function fail(message: string): never {
  console.error(`usage: ${message}`);
  process.exit(1);
}
