/** Small models with random weights, served as an operator would: folders, a repository of them, a tritonserver. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Model } from "../../src/catalogue/index.ts";
import { catalogueEntry, type Described } from "../small-models.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

/** A program of kernels/gpu. */
export const python = (...words: string[]) =>
  run(join(root, ".venv/bin/python"), ["-m", ...words], { cwd: join(root, "kernels/gpu") });

export interface SmallModels {
  /** What `tritonserver --model-repository` takes. */
  readonly repository: string;
  /** Their served folders, in the order asked for. */
  readonly folders: readonly string[];
  /** Their catalogue entries, in the order asked for. */
  readonly models: readonly Model[];
  remove(): Promise<void>;
}

/** Makes a model a family, and one repository of them all, in a folder for the time being. */
export async function layOutSmallModels(families: readonly string[]): Promise<SmallModels> {
  const folder = await mkdtemp(join(tmpdir(), "vpg-small-"));
  const folders = families.map((family) => join(folder, family));
  const repository = join(folder, "repository");
  await Promise.all(
    families.map((family, i) => python("vpg.serving.small", "--family", family, folders[i]!)),
  );
  await python("vpg.serving.repository", ...folders, "--out", repository);
  const models = await Promise.all(
    folders.map(async (one) => {
      const described = JSON.parse(await readFile(join(one, "model.json"), "utf8")) as Described;
      return catalogueEntry(described);
    }),
  );
  return { repository, folders, models, remove: () => rm(folder, { recursive: true }) };
}
