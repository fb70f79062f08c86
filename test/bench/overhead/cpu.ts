/** Processor time of a process's children, from Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** The unit of /proc's times: a hundredth of a second. */
const TICK_MS = 10;

/** Milliseconds that the children of a process have computed; null where there is no /proc. */
export function childrenMs(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((task) => words(readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")))
      .reduce((sum, child) => sum + computedMs(child), 0);
  } catch {
    return null;
  }
}

function computedMs(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // After the name, which may hold anything: state, parent, and as 12th and 13th user and system time.
  const fields = words(stat.slice(stat.lastIndexOf(")") + 1));
  return TICK_MS * (Number(fields[11]) + Number(fields[12]));
}

const words = (text: string) => text.trim().split(/\s+/).filter(Boolean);
