/** Puts a model's tables and plots into docs/evaluation.md, between marks, and its raw figures beside. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Page {
  /** Markdown. */
  readonly text: string;
  /** File names and SVGs. */
  readonly plots: readonly (readonly [name: string, svg: string])[];
  /** JSON, a line a set. */
  readonly figures: readonly string[];
}

const DOCUMENT = "docs/evaluation.md";
const FOLDER = "docs/evaluation";

/** What stands between the model's marks is replaced; a model without marks gets a section at the end. */
export function publish(model: string, { text, plots, figures }: Page): void {
  mkdirSync(join(FOLDER, model), { recursive: true });
  for (const [name, svg] of plots) writeFileSync(join(FOLDER, model, name), svg);
  writeFileSync(join(FOLDER, model, "figures.jsonl"), figures.map((line) => `${line}\n`).join(""));
  const images = plots
    .map(([name]) => `![${name.replace(".svg", "")}](evaluation/${model}/${name})`)
    .join("\n");
  const raw = `Raw figures: [figures.jsonl](evaluation/${model}/figures.jsonl).`;
  const before = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, "utf8") : "# Evaluation\n";
  writeFileSync(DOCUMENT, withSection(before, model, [text, images, raw].join("\n\n")));
  console.log(`written: ${DOCUMENT}, ${FOLDER}/${model}`);
}

/** The document with the model's section in it. */
export function withSection(document: string, model: string, text: string): string {
  const [begin, end] = [`<!-- npm run eval: ${model} -->`, `<!-- end of ${model} -->`];
  const section = `${begin}\n\n${text}\n\n${end}`;
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from >= 0 && to > from) return document.slice(0, from) + section + document.slice(to + end.length);
  return `${document.trimEnd()}\n\n## ${model}, by \`npm run eval\`\n\n${section}\n`;
}
