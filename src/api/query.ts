/** Numbers in query strings: digits and nothing else, told of as the numbers they are. */
import { z } from "@hono/zod-openapi";

/** A whole number that may be left out; no sign, no exponent, nothing empty. */
export const wholeNumber = ({ min, max, byDefault }: { min: number; max: number; byDefault: number }) =>
  z
    .string()
    .regex(/^\d{1,16}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .optional()
    .default(byDefault)
    .openapi({ type: "integer", minimum: min, maximum: max, default: byDefault });
