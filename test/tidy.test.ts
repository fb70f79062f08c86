/** What a reviewer would say twice: who may import whom, nothing dead, names, sizes. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const skipped = new Set([
  "node_modules",
  "build",
  "gpu",
  "assembly",
  "weights",
  ".train",
  ".venv",
  ".local",
  ".wrangler",
]);

interface Source {
  readonly path: string;
  readonly text: string;
  /** Paths of the project's own files it imports; of `typesOnly` ones only types. */
  readonly imports: readonly { readonly path: string; readonly typesOnly: boolean; readonly names: string }[];
}

const sources = ["src", "adapters", "kernels", "scripts", "test"].flatMap((top) => walk(join(root, top)));
const isTest = (path: string) => path.startsWith("test/") || path.endsWith(".test.ts");
const code = sources.filter((source) => !isTest(source.path));

function walk(folder: string): Source[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : walk(path);
    return /\.(ts|mjs)$/.test(entry.name) ? [read(path)] : [];
  });
}

function read(path: string): Source {
  const text = readFileSync(path, "utf8");
  const found = text.matchAll(/^(?:import|export)\s+(type\s+)?([^;"]*?)\s*from\s+"(\.[^"]+)"/gm);
  const imports = [...found].map(([, type, names, target]) => ({
    path: normalize(relative(root, join(dirname(path), target!))),
    typesOnly: type !== undefined || /^\{(\s*type\s+\w+( as \w+)?,?)+\s*\}$/.test(names!),
    names: names!,
  }));
  return { path: relative(root, path), text, imports };
}

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");

/** The room a file lives in: `src/plan`, `adapters`, `kernels/edge`. */
function roomOf(path: string): string {
  const [top, second] = path.split("/");
  if (top === "adapters" || top === "scripts" || top === "test") return top;
  return path.split("/").length > 2 ? `${top}/${second}` : path;
}

const everything = [
  "src/refusal.ts",
  "src/accounts",
  "src/catalogue",
  "src/plan",
  "src/metering",
  "src/generation",
  "src/engine",
  "src/routing",
];
/** `?` marks a room of which only types may be imported. */
const table: Record<string, readonly string[]> = {
  "src/worker.ts": [...everything, "src/api", "adapters", "kernels/edge"],
  "src/wasm.d.ts": [],
  "src/refusal.ts": [],
  "src/api": everything,
  "src/accounts": ["src/refusal.ts", "src/metering?"],
  "src/catalogue": [],
  "src/metering": ["src/plan?", "src/refusal.ts"],
  "src/plan": ["src/catalogue", "src/refusal.ts"],
  "src/generation": ["src/engine", "src/routing", "src/metering", "src/plan", "adapters", "kernels/edge?"],
  "src/engine": ["kernels/edge", "adapters", "src/plan"],
  "src/routing": ["adapters"],
  adapters: [],
  "kernels/edge": [],
  "kernels/local": ["adapters", "kernels/edge"],
  scripts: ["adapters", "kernels/local", "src/catalogue", "src/metering", "src/plan"],
};

describe("the house", () => {
  it("lets every room import only what its row of the table names", () => {
    const broken = code.flatMap(({ path, imports }) => {
      const room = roomOf(path);
      const allowed = table[room];
      if (!allowed) return [`${path}: its room ${room} is not in the table`];
      return imports
        .filter((imported) => {
          const target = roomOf(imported.path);
          return (
            target !== room &&
            !allowed.includes(target) &&
            !(imported.typesOnly && allowed.includes(`${target}?`))
          );
        })
        .map((imported) => `${path} imports ${imported.path}`);
    });
    expect(broken).toEqual([]);
  });

  it("has no file that nobody imports and no entry point names", () => {
    const entries = /"main"|wrangler|vitest|package\.json/;
    const named = ["package.json", "wrangler.toml", "vitest.config.ts"]
      .map((path) => readFileSync(join(root, path), "utf8"))
      .join("\n");
    const imported = new Set(sources.flatMap((source) => source.imports.map((one) => one.path)));
    const dead = code
      .map((source) => source.path)
      .filter(
        (path) =>
          !imported.has(path) && !named.includes(path) && !path.endsWith(".d.ts") && !entries.test(path),
      );
    expect(dead).toEqual([]);
  });

  it("exports no value that no other file uses", () => {
    const dead = code.flatMap(({ path, text }) =>
      [...text.matchAll(/^export (?:abstract )?(?:async )?(?:function\*?|const|class) (\w+)/gm)]
        .map(([, name]) => name!)
        .filter((name) => {
          const word = new RegExp(`\\b${name}\\b`);
          return !sources.some((other) => other.path !== path && word.test(other.text));
        })
        .map((name) => `${path}: ${name}`),
    );
    expect(dead).toEqual([]);
  });

  it("opens every file with a sentence that says what it is for", () => {
    const mute = code.filter(({ text }) => !/^(#!.*\n)?(\/\*\*|\/\/) \S/.test(text)).map(({ path }) => path);
    expect(mute).toEqual([]);
  });

  it("uses no banned words: any, utils, helpers, manager, misc, TODO", () => {
    const bad = sources.flatMap(({ path, text }) => [
      ...(/\b(utils?|helpers?|managers?|misc)\b/i.test(path) ? [`${path}: its name`] : []),
      ...(path !== "test/tidy.test.ts" &&
      (/(:|<|as) any\b/.test(withoutComments(text)) || /@ts-ignore|\bTODO\b|\bFIXME\b/.test(text))
        ? [path]
        : []),
    ]);
    expect(bad).toEqual([]);
  });

  it("keeps files within 300 lines and their median under 150", () => {
    const sizes = code.map(({ path, text }) => ({ path, lines: text.split("\n").length }));
    expect(sizes.filter(({ lines }) => lines > 300)).toEqual([]);
    const sorted = sizes.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(150);
  });
});
