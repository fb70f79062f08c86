/** What a request's body must be before anybody parses it. */
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { Refusal } from "../refusal.ts";
import type { ApiEnv } from "./deps.ts";

const MAX_BYTES = 1024 * 1024;

/** @throws HTTPException 413 */
export const refuseLarge = bodyLimit({ maxSize: MAX_BYTES });

/** A body that is not JSON is refused and never passed over; an empty one is none, whatever the platform makes of it. */
export const refuseOtherTypes: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const type = c.req.header("content-type") ?? "";
  if (/^application\/json\s*(;|$)/i.test(type) || (await isEmpty(c.req))) return next();
  throw new Refusal("unsupported_media_type", "Send the body as application/json.", {
    param: "content-type",
  });
};

/** For a route whose body may lack every field but not be absent itself. */
export const refuseNoBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (!(await isEmpty(c.req))) return next();
  throw new Refusal("invalid_json", "Send a JSON object as the body.");
};

const isEmpty = async (request: { raw: Request; text: () => Promise<string> }) =>
  request.raw.body === null || (await request.text()) === "";
