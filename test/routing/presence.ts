/** Which object's run is going on, so that once the object has vanished nothing it awaits ever comes: no answer, no timer. */
import { AsyncLocalStorage } from "node:async_hooks";

export interface Presence {
  isGone: boolean;
}

const present = new AsyncLocalStorage<Presence>();

/** Does what a run does, as that of an object which may vanish. */
export function within<T>(presence: Presence, work: () => T): T {
  return present.run(presence, work);
}

/** @returns what the work comes to, good or bad, for as long as the object is there that began it */
export async function whileThere<T>(work: Promise<T>): Promise<T> {
  const presence = present.getStore();
  try {
    return await work;
  } finally {
    if (presence?.isGone) await new Promise<never>(() => {});
  }
}
