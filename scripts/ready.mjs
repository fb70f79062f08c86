// Makes a fresh clone ready (packages installed, kernel built), then runs the command it was given.
// Plain JavaScript without dependencies: it runs on the system's Node before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

/** Modification time in milliseconds; 0 where there is no such file. */
function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function step(what, command, ...args) {
  console.error(`vpg-edge: ${what} …`);
  const { status } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) {
    console.error(`vpg-edge: ${what} failed: ${command} ${args.join(" ")}`);
    process.exit(status ?? 1);
  }
}

if (modified("node_modules/.package-lock.json") < modified("package-lock.json")) {
  step("installing packages (once)", "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error");
}

const assembly = "kernels/edge/assembly";
const newest = Math.max(...readdirSync(assembly).map((name) => modified(`${assembly}/${name}`)));
if (modified("kernels/edge/build/kernel.wasm") < newest) {
  step("building the kernel", "npm", "run", "--silent", "build:kernel");
}

const [command, ...args] = process.argv.slice(2);
if (command) {
  const child = spawn(command, args, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`vpg-edge: ${command}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}
