/** A brake on what an account can fill the directory with. */
import { Refusal } from "../refusal.ts";
import type { Directory } from "./directory.ts";

const DAY_MS = 86_400_000;
const A_DAY = 500;

/** @throws Refusal 429 for an account that has made five hundred keys, or projects, in a day. */
export async function refuseFlood(
  directory: Directory,
  table: "api_keys" | "projects",
  account: string,
  nowMs: number,
): Promise<void> {
  if ((await directory.madeSince(table, account, nowMs - DAY_MS)) < A_DAY) return;
  const what = table === "projects" ? "projects" : "API keys";
  throw new Refusal("rate_limit_exceeded", `An account makes at most ${A_DAY} ${what} a day.`);
}
