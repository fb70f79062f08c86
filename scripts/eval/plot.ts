/** A figure over VPG's scale as an SVG: a line a series, bars of a standard deviation, the floor dotted. */
import type { Row } from "./report.ts";
import type { MeasuredSet } from "./sets.ts";
import { deviation, mean } from "./spread.ts";

const WIDTH = 560;
const HEIGHT = 320;
const LEFT = 60;
const RIGHT = 170;
const TOP = 30;
const BOTTOM = 40;
/** Readable on white and on black, and told apart by the colour-blind (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
const INK = "#777";
const TICKS = 5;

interface Point {
  readonly lambda: number;
  readonly middle: number;
  readonly spread: number;
}

/**
 * @param key the figure's name in the sets.
 * @param floor the row that is drawn as a dotted line, if any.
 */
export function plot(title: string, key: string, measured: readonly MeasuredSet[], floor?: Row): string {
  const names = [...new Set(measured.map(({ setting }) => setting.series))];
  const series = names.map((name) => ({ name, points: pointsOf(measured, name, key) }));
  const low = floor ? mean(floor.sets.map((figures) => figures[key]!)) : Number.NaN;
  const all = series.flatMap(({ points }) => points);
  const values = [...all.flatMap(({ middle, spread }) => [middle - spread, middle + spread]), low].filter(
    Number.isFinite,
  );
  const most = Math.max(...all.map(({ lambda }) => lambda), 1);
  const [bottom, top] = [Math.min(...values), Math.max(...values)];
  const x = (lambda: number) => LEFT + (lambda / most) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) =>
    HEIGHT - BOTTOM - ((value - bottom) / (top - bottom || 1)) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    text(LEFT, 18, title, "start"),
    ...axes(bottom, top, most, x, y),
    ...(Number.isFinite(low) ? [floorLine(y(low))] : []),
    ...series.flatMap(({ name, points }, i) => line(name, points, i, x, y)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">\n<title>${title}</title>\n${parts.join("\n")}\n</svg>\n`;
}

function pointsOf(measured: readonly MeasuredSet[], series: string, key: string): Point[] {
  const own = measured.filter(
    ({ setting, figures }) => setting.series === series && figures[key] !== undefined,
  );
  const scales = [...new Set(own.map(({ setting }) => setting.lambda))].sort((a, b) => a - b);
  return scales.map((lambda) => {
    const values = own.filter(({ setting }) => setting.lambda === lambda).map(({ figures }) => figures[key]!);
    return { lambda, middle: mean(values), spread: values.length > 1 ? deviation(values) : 0 };
  });
}

type Scale = (value: number) => number;

function axes(bottom: number, top: number, most: number, x: Scale, y: Scale): string[] {
  const marks = Array.from({ length: TICKS + 1 }, (_, i) => i / TICKS);
  return marks
    .flatMap((share) => {
      const value = bottom + share * (top - bottom);
      return [
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${one(y(value))}" y2="${one(y(value))}" stroke="${INK}" stroke-opacity="0.25"/>`,
        text(LEFT - 6, y(value) + 4, Number(value.toPrecision(3)).toString(), "end"),
        text(
          x(share * most),
          HEIGHT - BOTTOM + 16,
          Number((share * most).toPrecision(3)).toString(),
          "middle",
        ),
      ];
    })
    .concat(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "vpg.scale", "middle"));
}

function floorLine(at: number): string {
  return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${one(at)}" y2="${one(at)}" stroke="${INK}" stroke-dasharray="2 4"/>\n${text(WIDTH - RIGHT + 6, at + 4, "real pictures", "start")}`;
}

function line(name: string, points: readonly Point[], i: number, x: Scale, y: Scale): string[] {
  const colour = COLOURS[i % COLOURS.length]!;
  const at = points.map(({ lambda, middle }) => `${one(x(lambda))},${one(y(middle))}`);
  const last = points.at(-1);
  return [
    `<polyline points="${at.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(
      ({ lambda, middle, spread }) =>
        `<line x1="${one(x(lambda))}" x2="${one(x(lambda))}" y1="${one(y(middle - spread))}" y2="${one(y(middle + spread))}" stroke="${colour}"/><circle cx="${one(x(lambda))}" cy="${one(y(middle))}" r="3" fill="${colour}"/>`,
    ),
    last ? text(x(last.lambda) + 8, y(last.middle) - 6, name, "start", colour) : "",
  ];
}

function text(x: number, y: number, words: string, anchor: string, colour = INK): string {
  const safe = words.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return `<text x="${one(x)}" y="${one(y)}" text-anchor="${anchor}" fill="${colour}">${safe}</text>`;
}

const one = (value: number) => Number(value.toFixed(1));
