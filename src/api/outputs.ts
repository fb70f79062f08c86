/** GET /outputs/{id}/{file}: a finished picture by its signed link, whole or a range, without a key. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { CONTENT_TYPES } from "../metering/receipt/receipt.ts";
import { Refusal } from "../refusal.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { type ByteRange, isKnown, isSame, rangeOf } from "./range.ts";
import { errorAnswer } from "./schemas.ts";

const bytes = { schema: { type: "string" as const, format: "binary" } };
const media = Object.fromEntries(Object.values(CONTENT_TYPES).map((type) => [type, bytes]));

const show = createRoute({
  method: "get",
  path: "/outputs/{id}/{file}",
  operationId: "fetchOutput",
  summary: "Fetch an output by its signed link",
  description:
    "The link is what an answer with `response_format: url` gave; it needs no key, and HEAD is answered alike.",
  request: {
    params: z.object({
      id: z.string().describe("the generation"),
      file: z.string().describe("`{image_index}.{output_format}`"),
    }),
    query: z.object({
      expires: z.string().describe("Unix seconds"),
      signature: z.string().describe("HMAC-SHA-256, in hex"),
    }),
    headers: z.object({
      range: z.string().optional().describe("one range of bytes; several are answered with the whole file"),
      "if-range": z.string().optional().describe("the `etag` of the file that the range is to be of"),
      "if-none-match": z.string().optional().describe("`etag`s that need not be sent again"),
    }),
  },
  responses: {
    200: { description: "The file.", content: media },
    206: { description: "The range that was asked for.", content: media },
    304: { description: "`If-None-Match` names the file." },
    400: errorAnswer("`expires` or `signature` is missing."),
    404: errorAnswer("The link is not one of ours."),
    410: errorAnswer("The link has expired (`link_expired`), or the file is gone (`asset_expired`)."),
    416: errorAnswer("The range begins after the file's end; `content-range` tells its size."),
  },
});

export function outputRoutes(app: OpenAPIHono<ApiEnv>, { links, outputs }: Deps): void {
  app.openapi(show, async (c) => {
    const { id, file } = c.req.valid("param");
    const { expires, signature } = c.req.valid("query");
    const nowMs = Date.now();
    const target = await links.check(id, file, expires, signature, nowMs);
    if (target === "unknown") throw new Refusal("not_found", "There is nothing at this path.");
    if (target === "expired") {
      throw new Refusal("link_expired", "This link has expired; its generation's record gives a fresh one.");
    }
    const { imageIndex, format, expiresMs } = target;
    const stored = outputs(id);
    // A range can only be read once the size is known.
    const asked = c.req.method === "GET" ? c.req.header("range") : undefined;
    const readsWhole = c.req.method === "GET" && asked === undefined;
    const whole = readsWhole ? await stored.open(imageIndex) : null;
    const object = whole ?? (await stored.head(imageIndex));
    if (!object) throw gone();
    const isCached = isKnown(c.req.header("if-none-match"), object.httpEtag);
    const range = isCached ? null : rangeAsked(c, asked, object);
    c.header("etag", object.httpEtag);
    c.header("cache-control", `private, max-age=${Math.floor((expiresMs - nowMs) / 1000)}`);
    c.header("accept-ranges", "bytes");
    c.header("x-content-type-options", "nosniff");
    if (isCached) return c.body(null, 304);
    const { offset, length } = range ?? { offset: 0, length: object.size };
    c.header("content-type", CONTENT_TYPES[format]);
    c.header("content-disposition", `inline; filename="${id}-${file}"`);
    c.header("content-length", `${length}`);
    if (range) c.header("content-range", `bytes ${offset}-${offset + length - 1}/${object.size}`);
    if (c.req.method === "HEAD") return c.body(null, 200);
    const opened = whole ?? (await stored.open(imageIndex, { offset, length }));
    if (!opened) throw gone();
    return c.body(opened.body, range ? 206 : 200);
  });
}

/** @throws Refusal 416, with the size. */
function rangeAsked(
  c: Context,
  asked: string | undefined,
  { size, httpEtag }: Pick<R2Object, "size" | "httpEtag">,
): ByteRange | null {
  if (asked === undefined || !isSame(c.req.header("if-range"), httpEtag)) return null;
  const range = rangeOf(asked, size);
  if (range !== "unsatisfiable") return range;
  c.header("content-range", `bytes */${size}`);
  throw new Refusal("range_not_satisfiable", `Range: the file has ${size} bytes.`, { param: "Range" });
}

const gone = () => new Refusal("asset_expired", "This output has expired or was deleted.");
