/**
 * Crowds against a real Triton server for a while: `npm run soak:triton -- [--minutes 10] [--crowd 12] [--rule batched]`.
 *
 * Every answer is compared with the first to the same question: bit for bit under the exact rule, within rounding under the
 * batched one. Ends with status 1 at the first difference, fault, or death of the server; prints memory on the way.
 */
import { readdir, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { apart, K, kinds, labAt, picture, tell } from "./asked.ts";
import { startTriton } from "./server.ts";

const PICTURES = 24;
const REPORT_MS = 30_000;
const ROUNDING = 2e-3;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    crowd: { type: "string", default: "12" },
    rule: { type: "string", default: "exact" },
  },
});
const end = performance.now() + Number(values.minutes) * 60_000;

/** MiB that the processes of the server and its Python stubs hold. */
async function memory(): Promise<number> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const held = await Promise.all(
    processes.map(async (id) => {
      const status = await readFile(`/proc/${id}/status`, "utf8").catch(() => "");
      if (!/^Name:\t(tritonserver|triton_python_)/.test(status)) return 0;
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
    }),
  );
  return Math.round(held.reduce((sum, one) => sum + one, 0));
}

const server = await startTriton({ rule: values.rule });
const lab = await labAt(server.url);
const first = new Map<string, string>();
let answered = 0;

/** One question of the many; its picture, step and kind follow from its number. */
async function ask(number: number): Promise<void> {
  const [seed, kind] = [number % PICTURES, kinds[number % kinds.length]!];
  const k = Math.floor(number / 3) % K;
  const asked = picture(seed, k, { kind, ratio: number % 5 === 0 ? 0 : 0.5, key: `soak ${seed}` });
  const [bits] = (await tell(lab, k, asked)).bits;
  const name = `${seed} ${k} ${kind} ${asked.corruption.ratio}`;
  const known = first.get(name) ?? bits!;
  first.set(name, known);
  const same = values.rule === "exact" ? known === bits : apart(known, bits!).beyond < ROUNDING;
  if (!same) throw new Error(`another answer to the same question: ${name}`);
  answered++;
}

async function visitor(start: number): Promise<void> {
  for (let number = start; performance.now() < end; number += 7) await ask(number);
}

const report = async () =>
  console.log(
    `${new Date().toISOString()} ${answered} answers, ${first.size} questions, ${await memory()} MiB`,
  );
const reporting = setInterval(() => void report(), REPORT_MS);
try {
  await Promise.all(Array.from({ length: Number(values.crowd) }, (_, i) => visitor(i * 101)));
  await report();
} catch (error) {
  console.error(`after ${answered} answers:`, error);
  process.exitCode = 1;
} finally {
  clearInterval(reporting);
  const status = await server.close();
  console.log(`the server ended with status ${status}`);
}
