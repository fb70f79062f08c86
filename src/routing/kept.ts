/** What the board keeps, as text: with the version of its shape, so that what an older build left is not misread. Pure. */
import { isRecord } from "../../adapters/oip/header.ts";
import type { Known } from "./gossip.ts";
import { nothingShared } from "./shared.ts";

/** Grows with every change of what is shared; 1 had no version and prices without their config's. */
const VERSION = 2;

export const nothingKnown: Known = { state: nothingShared, counted: {} };

export function writtenKnown({ state, counted }: Known): string {
  return JSON.stringify({ version: VERSION, state, counted });
}

/** @returns what was written down; nothing, where that is of another version or no such text at all */
export function readKnown(text: string): Known {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return nothingKnown;
  }
  if (!isRecord(value) || value.version !== VERSION) return nothingKnown;
  const { state, counted } = value;
  if (!isRecord(state) || !isRecord(counted) || !isRecord(state.endpoints) || !isRecord(state.providers))
    return nothingKnown;
  return { state, counted } as unknown as Known;
}
