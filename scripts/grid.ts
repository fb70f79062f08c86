/** `npm run grid`: asks a running vpg-edge for the same seeds unguided and guided, and lays them out as docs/images/grid.png. */
import { mkdir, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import sharp from "sharp";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://localhost:8787" },
    "key-file": { type: "string", default: ".local/development-key" },
    out: { type: "string", default: "docs/images/grid.png" },
    seeds: { type: "string", default: "1,2,3" },
    scale: { type: "string", default: "1" },
    ratio: { type: "string", default: "" },
  },
});

const CELL = 128;
const GAP = 4;
const LEFT = 76;
const TOP = 28;

interface Setting {
  readonly label: string;
  readonly vpg: false | { readonly scale: number; readonly corruption?: { readonly ratio: number } };
}

const corruption = values.ratio === "" ? {} : { corruption: { ratio: Number(values.ratio) } };
const settings: readonly Setting[] = [
  { label: "plain", vpg: false },
  { label: `VPG ${values.scale}`, vpg: { scale: Number(values.scale), ...corruption } },
];

const authorization = `Bearer ${(await readFile(values["key-file"], "utf8")).trim()}`;
const described = await fetch(`${values.url}/v1/models/var-sprites`, { headers: { authorization } });
const model = (await described.json()) as { classes: string[] };
const rows = values.seeds
  .split(",")
  .flatMap((seed) => settings.map((setting) => ({ seed: Number(seed), setting })));
const width = LEFT + model.classes.length * (CELL + GAP);
const height = TOP + rows.length * (CELL + GAP);

const tiles = await Promise.all(
  rows.flatMap(({ seed, setting }, y) =>
    model.classes.map(async (prompt, x) => ({
      input: await sharp(await draw(prompt, seed, setting))
        .resize(CELL, CELL, { kernel: "nearest" })
        .toBuffer(),
      left: LEFT + x * (CELL + GAP),
      top: TOP + y * (CELL + GAP),
    })),
  ),
);
await mkdir("docs/images", { recursive: true });
await sharp({ create: { width, height, channels: 3, background: "white" } })
  .composite([{ input: labels(), left: 0, top: 0 }, ...tiles])
  .png({ palette: true, quality: 100 })
  .toFile(values.out);
console.log(`${values.out}: ${rows.length} rows of ${model.classes.length}`);

async function draw(prompt: string, seed: number, { vpg }: Setting): Promise<Buffer> {
  const response = await fetch(`${values.url}/v1/images/generations`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization },
    body: JSON.stringify({ model: "var-sprites", prompt, seed, vpg }),
  });
  if (!response.ok) throw new Error(await response.text());
  const { data } = (await response.json()) as { data: { b64_json: string }[] };
  return Buffer.from(data[0]!.b64_json, "base64");
}

function labels(): Buffer {
  const text = (x: number, y: number, words: string, anchor: string) =>
    `<text x="${x}" y="${y}" font-family="sans-serif" font-size="14" text-anchor="${anchor}">${words}</text>`;
  const across = model.classes.map((name, x) =>
    text(LEFT + x * (CELL + GAP) + CELL / 2, TOP - 9, name, "middle"),
  );
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
