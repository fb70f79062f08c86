/** `npm run check`: types in each of their worlds, then lint and format. */
import { spawnSync } from "node:child_process";

const commands = [
  ["tsc", "-p", "."],
  ["tsc", "-p", "src"],
  ["tsc", "-p", "test/workers"],
  ["biome", "check", "--error-on-warnings"],
];
const failed = commands.filter(([command, ...args]) => {
  console.error(`> ${command} ${args.join(" ")}`);
  return spawnSync(command!, args, { stdio: "inherit" }).status !== 0;
});
process.exit(failed.length === 0 ? 0 : 1);
