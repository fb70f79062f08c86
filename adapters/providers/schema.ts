/** What an operator writes down of each provider: one zod schema a kind; secrets by name only. */
import { z } from "zod";

/** More of the operator's currency, or of weight, than anybody means; sums of them stay numbers. */
const mostAmount = 1e12;

const amount = z.number().max(mostAmount, `at most ${mostAmount}`);

/** What a caller may say in place of a class's name. */
const words: ReadonlySet<string> = new Set(["any", "exact"]);

/** The Worker's own variables, secrets and bindings (src/worker.ts). */
const own: ReadonlySet<string> = new Set([
  ...["ID_SECRET", "KEY_PEPPER", "ADMIN_SECRET", "RECEIPT_KEY", "SINKS", "AUTH", "ORIGIN", "KEEP_DAYS"],
  ...["LINK_SECONDS", "VPG_LOCAL", "VPG_HASTE", "GENERATIONS", "LEDGERS", "BOARD", "DB", "OUTPUTS"],
  ...["RECORDS", "USAGE", "DELIVERIES"],
]);

/** The name of a variable or binding. What looks like a secret itself is refused, and not repeated. */
const named = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,63}$/, "the NAME of a secret (capitals, digits, underscores), not the secret")
  .refine((name) => !own.has(name) && !/^PROVIDERS(_[0-9]+)?$/.test(name), {
    error: ({ input }) => `${input} is the Worker's own, and no provider's`,
  });

const url = z.string().regex(/^https?:\/\/\S+$/, "an http(s) address");
const word = z.string().min(1).max(200);

const className = word.refine((name) => !words.has(name), {
  error: ({ input }) => `${input} is a caller's word, and no class's name`,
});

/** Bytes and milliseconds that this installation lets through, where they differ from the kind's own. */
const limits = z
  .strictObject({
    /** Requests at once. */
    concurrency: z.int().min(1).default(8),
    /** Pictures in a request. */
    batch: z.int().min(1).default(8),
    requestBytes: z.int().min(1).optional(),
    answerBytes: z.int().min(1).optional(),
    timeoutMs: z.int().min(1).optional(),
  })
  .prefault({});

const model = z.strictObject({
  /** Its id in the catalogue. */
  id: word,
  /** The weights' revision, as the catalogue has it. */
  revision: z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 as 64 hexadecimal digits"),
  /** The numerics class the server was started as; `exact`: its bits depend on the request alone. */
  numerics: z.strictObject({ class: className, exact: z.boolean() }),
  serves: z
    .array(z.enum(["step", "decode"]))
    .min(1)
    .default(["step", "decode"]),
  /** Whether it knows how to leave out what cannot be drawn. */
  candidates: z.boolean().default(false),
});

/** What every provider has. */
const common = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "small letters, digits and dashes"),
  models: z.array(model).min(1),
  /** The larger area its region lies in (`eu`), where the cloud's own name of it does not begin so. */
  area: word.optional(),
  /** What it costs us, in millionths of the operator's currency: a second of device time, a gigabyte of answers. */
  price: z.strictObject({ second: amount.min(0), gigabyte: amount.min(0) }),
  /** Its share among equals. */
  weight: amount.positive().default(1),
  limits,
};

/** A caller's `region` compares with it; null where that means nothing. */
const region = word.nullable();

const auth = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("none") }),
    z.strictObject({ kind: z.literal("bearer"), token: named }),
    z.strictObject({ kind: z.literal("basic"), user: word, password: named }),
    z.strictObject({ kind: z.literal("access"), id: named, secret: named }),
  ])
  .prefault({ kind: "none" });

/** Extra headers: name to the name of the secret that is its value. */
const headers = z.record(z.string().regex(/^[A-Za-z0-9-]+$/), named).default({});

const triton = z.strictObject({
  ...common,
  kind: z.literal("triton"),
  url,
  region,
  auth,
  headers,
  /** The binding that shows a client certificate. */
  mtls: named.optional(),
});

const oip = z.strictObject({ ...common, kind: z.literal("oip"), url, region, auth, headers });

const azure = z.strictObject({
  ...common,
  kind: z.literal("azure"),
  url,
  region,
  auth: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("key"), key: named }),
    z.strictObject({ kind: z.literal("token"), token: named }),
  ]),
  deployment: word.optional(),
});

const vertex = z.strictObject({
  ...common,
  kind: z.literal("vertex"),
  region: word,
  project: word,
  endpoint: word,
  /** The secret is a service account's key file. */
  account: named,
  /** Whether `url` is the endpoint's own host; else it is the one that projects share. */
  dedicated: z.boolean().default(false),
  url: url.optional(),
  redirect: z.boolean().default(false),
});

const sagemaker = z.strictObject({
  ...common,
  kind: z.literal("sagemaker"),
  region: word,
  endpoint: z.string().regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/, "an endpoint's name"),
  component: word.optional(),
  variant: word.optional(),
  accessKey: named,
  secretKey: named,
  sessionToken: named.optional(),
  stream: z.boolean().default(false),
  url: url.optional(),
});

const providerSchema = z.discriminatedUnion("kind", [triton, oip, azure, vertex, sagemaker]);

/** How the edge chooses among them (docs/routing.md). */
const routing = z
  .strictObject({
    /** Asks a second endpoint where the first is late; a few steps in a hundred cost twice. */
    hedging: z.boolean().default(false),
    /** What a micro-credit earns, in the unit of `price`: a step is sent nowhere where it costs more than it earns. */
    creditValue: z.number().positive().optional(),
  })
  .prefault({});

export const configSchema = z.strictObject({
  providers: z.array(providerSchema).min(1),
  /** Models of the catalogue that are not served here: the API does not know them then. */
  without: z.array(z.string()).default([]),
  routing,
});

export type ProviderConfig = z.infer<typeof providerSchema>;
export type Config = z.infer<typeof configSchema>;
