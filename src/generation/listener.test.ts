import { expect, it, vi } from "vitest";
import type { Line } from "./events.ts";
import { type Hears, Listener } from "./listener.ts";

const completed = { type: "completed", imageIndex: 0, numerics: [], timing: {} } as unknown as Extract<
  Line,
  { id: number }
>["event"];

/** What a listener was told by the time its stream closed. */
async function told(hears: Hears): Promise<Line[]> {
  const listener = new Listener(() => undefined, hears);
  const text = new Response(listener.stream).text();
  for (const step of [0, 1]) {
    listener.push({ comment: `step ${step}` });
    await new Promise(setImmediate);
  }
  listener.push({ id: 1, event: completed, media: () => null });
  listener.end();
  return (await text)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

it("tells of every step who hears all, and of the events alone who hears no more", async () => {
  const event = { id: 1, event: completed, media: null };
  expect(await told("all")).toEqual([{ comment: "step 0" }, { comment: "step 1" }, event]);
  expect(await told("events")).toEqual([event]);
});

it("gives a sign of life every second to who hears the events alone, too", async () => {
  const listener = new Listener(() => undefined, "events");
  const reader = listener.stream.getReader();
  const { value } = await reader.read();
  expect(new TextDecoder().decode(value)).toBe('{"comment":"keep-alive"}\n');
  await reader.cancel();
});

it("gives no sign of life while lines come, and one within a second of the last", async () => {
  vi.useFakeTimers();
  const listener = new Listener(() => undefined);
  const lines: string[] = [];
  const listening = (async () => {
    for await (const chunk of listener.stream) lines.push(new TextDecoder().decode(chunk));
  })();
  for (let step = 0; step < 10; step++) {
    await vi.advanceTimersByTimeAsync(400);
    listener.push({ comment: `step ${step}` });
  }
  await vi.advanceTimersByTimeAsync(0);
  expect(lines.filter((line) => line.includes("keep-alive"))).toEqual([]);
  expect(lines).toHaveLength(10);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(lines.slice(10)).toEqual(['{"comment":"keep-alive"}\n']);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(lines.length).toBeGreaterThanOrEqual(14);
  listener.end();
  await listening;
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
