import { describe, expect, it } from "vitest";
import { plot } from "./plot.ts";
import { withSection } from "./publish.ts";
import { differenceTable, figureTable, rowsOf } from "./report.ts";
import type { MeasuredSet } from "./sets.ts";
import { quickPlan } from "./settings.ts";

const plan = quickPlan({ classes: ["a"], defaults: { guidance_scale: 1.5, vpg: { scale: 0 } } });
/** FD by setting: 2 without VPG and 1.5 with it, under CFG; no difference without CFG. */
const measured: MeasuredSet[] = plan.settings.flatMap((setting, at) =>
  [0, 1, 2].map((set) => ({
    setting,
    set,
    figures: { fd: (at === 1 ? 1.5 : 2) + set / 10 + (at === 1 ? set / 100 : 0) },
  })),
);
const floors = { real: [{ fd: 0.5 }, { fd: 0.7 }], reconstructions: [{ fd: 0.6 }] };

describe("tables of an evaluation", () => {
  it("show means and noise over seeds beside the floor", () => {
    const table = figureTable(rowsOf(floors, measured)).split("\n");
    expect(table[0]).toBe("|  | sets | FD |");
    expect(table[2]).toBe("| other real pictures (floor) | 2 | 0.600 ± 0.141 |");
    expect(table[3]).toBe("| their reconstructions | 1 | 0.600 |");
    expect(table[4]).toBe("| CFG 1.5, VPG off | 3 | 2.100 ± 0.100 |");
  });

  it("pair VPG with the same seeds without it, and mark what is beyond three standard errors", () => {
    const table = differenceTable(plan, measured).split("\n");
    expect(table[2]).toBe("| CFG 1.5, VPG 1 | **-0.490 ± 0.006** |");
    expect(table[3]).toBe("| CFG off, VPG 1 | +0.000 ± 0.000 |");
  });
});

describe("a plot", () => {
  it("has a line a series, a bar a setting, and the floor", () => {
    const svg = plot("FD <lower>", "fd", measured, rowsOf(floors, measured)[0]);
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(svg).toContain("FD &lt;lower>");
    expect(svg).toContain("real pictures");
    expect(svg).not.toContain("NaN");
  });
});

describe("docs/evaluation.md", () => {
  it("keeps what others wrote and replaces a model's own section", () => {
    const once = withSection("# Evaluation\n\nWhat we found.\n", "var-sprites", "first");
    const twice = withSection(once, "var-sprites", "second");
    expect(once).toContain("What we found.");
    expect(twice).toBe(once.replace("first", "second"));
    expect(withSection(twice, "var-scenes", "third")).toContain("second");
  });
});
