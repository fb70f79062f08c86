/** Says now and then how far a drawing is, and how long it will take. */

const EVERY_MS = 20_000;

export function progressOf(model: string): (done: number, all: number) => void {
  const began = performance.now();
  let last = began;
  let before: number | null = null;
  return (done, all) => {
    before ??= done - 1;
    const now = performance.now();
    if (now - last < EVERY_MS) return;
    last = now;
    const left = ((now - began) / (done - before)) * (all - done);
    console.log(`${model}: ${done} of ${all} requests, about ${Math.ceil(left / 60_000)} minutes left`);
  };
}
