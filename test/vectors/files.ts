/** The golden files' contents, as they are made anew. */
import { exponentialVectors, mixingVectors } from "./arithmetic.ts";
import { candidateVectors } from "./candidates.ts";
import { corruptionVectors, philoxVectors, seedVectors } from "./generator.ts";
import { bitwiseVectors, codebookVectors, malformedVectors } from "./sampling.ts";

/** Text by the file's name, without `.json`. */
export function goldenFiles(): Map<string, string> {
  const vectors = {
    philox: philoxVectors(),
    seeds: seedVectors(),
    corruption: corruptionVectors(),
    mixing: mixingVectors(),
    exponential: exponentialVectors(),
    codebook: codebookVectors(),
    candidates: candidateVectors(),
    bitwise: bitwiseVectors(),
    malformed: malformedVectors(),
  };
  return new Map(Object.entries(vectors).map(([name, content]) => [name, format(content)]));
}

/** JSON, one vector a line. */
function format(content: unknown): string {
  if (Array.isArray(content))
    return `[\n${content.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n")}\n]\n`;
  const parts = Object.entries(content as object).map(
    ([name, list]) => `${JSON.stringify(name)}: ${format(list).trimEnd()}`,
  );
  return `{\n${parts.join(",\n")}\n}\n`;
}
