/** `npm run grid`: asks a running vpg-edge for the same seeds without and with VPG, and lays them out as docs/images/grid.png. */
import { mkdir, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import sharp, { type OverlayOptions } from "sharp";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://localhost:8787" },
    "key-file": { type: "string", default: ".local/development-key" },
    out: { type: "string", default: "docs/images/grid.png" },
    model: { type: "string", default: "var-sprites" },
    classes: { type: "string" },
    seeds: { type: "string", default: "1,2,3" },
    // What of these is not given is the model's default.
    "guidance-scale": { type: "string" },
    temperature: { type: "string" },
    "top-p": { type: "string" },
    scale: { type: "string" },
    ratio: { type: "string" },
    kind: { type: "string" },
  },
});

const CELL = 128;
const GAP = 4;
const LEFT = 76;
const TOP = 28;

interface Setting {
  readonly label: string;
  readonly vpg: false | object;
}

/** What is read of `GET /v1/models/{id}`. */
interface Described {
  readonly classes: readonly string[];
  readonly defaults: { readonly vpg: { readonly scale: number } };
}

const authorization = `Bearer ${(await readFile(values["key-file"], "utf8")).trim()}`;
const model = (await answerOf(`/v1/models/${values.model}`, {})) as Described;
/** VPG's where it is on and the model's defaults do not say one. */
const scale = values.scale === undefined ? model.defaults.vpg.scale || 1 : Number(values.scale);
const settings: readonly Setting[] = [
  { label: "plain", vpg: false },
  { label: `VPG ${scale}`, vpg: given({ scale, corruption: corruptionAsked() }) },
];
const sampling = given({
  guidance_scale: numberAsked("guidance-scale"),
  temperature: numberAsked("temperature"),
  top_p: numberAsked("top-p"),
});
const classes = values.classes?.split(",") ?? model.classes;
const rows = values.seeds
  .split(",")
  .flatMap((seed) => settings.map((setting) => ({ seed: Number(seed), setting })));
const width = LEFT + classes.length * (CELL + GAP);
const height = TOP + rows.length * (CELL + GAP);

const tiles: OverlayOptions[] = [];
for (const [y, { seed, setting }] of rows.entries()) {
  // A row at a time: hundreds of requests at once would run into their deadlines.
  const drawn = await Promise.all(classes.map((prompt) => draw(prompt, seed, setting)));
  for (const [x, picture] of drawn.entries()) {
    const input = await sharp(picture).resize(CELL, CELL, { kernel: "nearest" }).toBuffer();
    tiles.push({ input, left: LEFT + x * (CELL + GAP), top: TOP + y * (CELL + GAP) });
  }
}
await mkdir("docs/images", { recursive: true });
await sharp({ create: { width, height, channels: 3, background: "white" } })
  .composite([{ input: labels(), left: 0, top: 0 }, ...tiles])
  .png({ compressionLevel: 9 })
  .toFile(values.out);
console.log(`${values.out}: ${rows.length} rows of ${classes.length}`);

async function draw(prompt: string, seed: number, { vpg }: Setting): Promise<Buffer> {
  const body = { model: values.model, prompt, seed, vpg, ...sampling };
  const answer = await answerOf("/v1/images/generations", { method: "POST", body: JSON.stringify(body) });
  const { data } = answer as { data: { b64_json: string }[] };
  return Buffer.from(data[0]!.b64_json, "base64");
}

async function answerOf(path: string, request: RequestInit): Promise<unknown> {
  const headers = { "content-type": "application/json", authorization };
  const response = await fetch(`${values.url}${path}`, { ...request, headers });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function numberAsked(option: "guidance-scale" | "temperature" | "top-p" | "ratio"): number | undefined {
  return values[option] === undefined ? undefined : Number(values[option]);
}

function corruptionAsked(): object | undefined {
  const corruption = given({ ratio: numberAsked("ratio"), kind: values.kind });
  return Object.keys(corruption).length > 0 ? corruption : undefined;
}

/** The fields that have a value. */
function given(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function labels(): Buffer {
  const text = (x: number, y: number, words: string, anchor: string) =>
    `<text x="${x}" y="${y}" font-family="sans-serif" font-size="${words.length > 16 ? 11 : 14}" text-anchor="${anchor}">${words}</text>`;
  const across = classes.map((name, x) => text(LEFT + x * (CELL + GAP) + CELL / 2, TOP - 9, name, "middle"));
  const down = rows.flatMap(({ seed, setting }, y) => {
    const middle = TOP + y * (CELL + GAP) + CELL / 2;
    return [
      text(LEFT - 8, middle - 4, `seed ${seed}`, "end"),
      text(LEFT - 8, middle + 14, setting.label, "end"),
    ];
  });
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${[...across, ...down].join("")}</svg>`,
  );
}
