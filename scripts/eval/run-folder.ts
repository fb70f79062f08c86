/** A run on disk: pictures as they were delivered, a JSON line a request that is done, and the figures of whole sets. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Figures } from "./measure.ts";
import type { ServedModel } from "./service.ts";
import type { Sampling } from "./settings.ts";

/** One request's pictures; kernels/gpu/evaluation/run.py reads the same lines. */
export interface DrawnLine {
  readonly model: string;
  readonly revision: string;
  readonly numerics: readonly string[];
  readonly setting: string;
  readonly request: Sampling;
  readonly set: number;
  readonly label: number;
  readonly seed: number;
  readonly n: number;
  /** In the run's folder. */
  readonly files: readonly string[];
}

/** One set's figures, or (no setting) those of the real side. */
export interface FigureLine {
  readonly model: string;
  readonly revision: string;
  readonly setting: string | null;
  /** `real` or `reconstructions` where there is no setting. */
  readonly name?: string;
  readonly request?: Sampling;
  readonly series?: string;
  readonly lambda?: number;
  readonly set: number;
  readonly pictures: number;
  readonly figures: Figures;
}

const DRAWN = "pictures.jsonl";
const FIGURES = "figures.jsonl";

export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    for (const name of [DRAWN, FIGURES]) this.#mend(join(path, name));
  }

  drawn(): DrawnLine[] {
    return this.#read<DrawnLine>(DRAWN);
  }

  figures(): FigureLine[] {
    return this.#read<FigureLine>(FIGURES);
  }

  /** Keeps a request's pictures; the line is written last, so that a kill before leaves the request to be made again. */
  keep(line: Omit<DrawnLine, "files">, pictures: readonly Uint8Array[]): void {
    const folder = join("pictures", line.model, `${line.set}`, slug(line.setting));
    mkdirSync(join(this.path, folder), { recursive: true });
    const files = pictures.map((bytes, i) => {
      const file = join(folder, `${line.label}-${line.seed}-${i}.png`);
      writeFileSync(join(this.path, file), bytes);
      return file;
    });
    this.#append(DRAWN, { ...line, files });
  }

  add(line: FigureLine): void {
    this.#append(FIGURES, line);
  }

  picture(file: string): Uint8Array {
    return readFileSync(join(this.path, file));
  }

  #append(name: string, line: object): void {
    appendFileSync(join(this.path, name), `${JSON.stringify(line)}\n`);
  }

  /** Ends a line that a kill cut off, so that the next one begins anew. */
  #mend(path: string): void {
    if (existsSync(path) && !/(^|\n)$/.test(readFileSync(path, "utf8"))) appendFileSync(path, "\n");
  }

  /** What a kill cut off is passed over. */
  #read<Line>(name: string): Line[] {
    const path = join(this.path, name);
    if (!existsSync(path)) return [];
    return readFileSync(path, "utf8")
      .split("\n")
      .flatMap((text) => {
        try {
          return [JSON.parse(text) as Line];
        } catch {
          return [];
        }
      });
  }
}

/** Whether a line is of that model with those weights. */
export const isOf =
  ({ id, revision }: Pick<ServedModel, "id" | "revision">) =>
  (line: Pick<DrawnLine | FigureLine, "model" | "revision">) =>
    line.model === id && line.revision === revision;

const slug = (label: string) => label.replace(/[^\w.]+/g, "-");
