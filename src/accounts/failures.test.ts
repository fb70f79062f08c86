import { describe, expect, it } from "vitest";
import { Failures } from "./failures.ts";

describe("failures by address", () => {
  it("hold up an address that had too many in a minute, until the minute is over, and no other", () => {
    const failures = new Failures(3);
    for (let i = 0; i < 3; i++) {
      expect(failures.waitMs("a", 1_000 + i)).toBe(0);
      failures.count("a", 1_000 + i);
    }
    expect(failures.waitMs("a", 2_000)).toBe(59_000);
    expect(failures.waitMs("b", 2_000)).toBe(0);
    expect(failures.waitMs("a", 61_000)).toBe(0);
    failures.count("a", 61_000);
    expect(failures.waitMs("a", 61_001)).toBe(0);
  });

  it("are kept of the newest ten thousand addresses only, so that memory stays bounded", () => {
    const failures = new Failures(1);
    for (let i = 0; i <= 10_000; i++) failures.count(`${i}`, 0);
    expect(failures.waitMs("0", 1)).toBe(0);
    expect(failures.waitMs("1", 1)).toBeGreaterThan(0);
    expect(failures.waitMs("10000", 1)).toBeGreaterThan(0);
  });
});
