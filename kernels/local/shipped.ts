/** The weights that come with the repository: every folder of kernels/weights that an export made. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../weights", import.meta.url));

/** @returns the folders, in the order of their names, which are their models' ids */
export async function shippedWeights(): Promise<string[]> {
  const folders = (await readdir(root)).sort().map((name) => join(root, name));
  return folders.filter((folder) => existsSync(join(folder, "model.json")));
}
