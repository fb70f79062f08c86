/** `npm run verify`: checks a receipt offline, recomputes its price, compares outputs, and makes the pictures again. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { findModel } from "../src/catalogue/index.ts";
import { checkReceipt } from "../src/metering/receipt/check.ts";
import { sha256OfBytes, sha256OfText } from "../src/metering/receipt/receipt.ts";
import type { Receipt } from "../src/metering/receipt/schema.ts";
import { openReceipt, type PublicKeys } from "../src/metering/receipt/sign.ts";
import { readCondition } from "../src/plan/condition.ts";
import { makeAgain } from "./make-again.ts";

const USAGE = `npm run verify -- RECEIPT [options]

  RECEIPT            a file with the JWS, or with the answer of GET /v1/generations/{id}/receipt; - reads it from stdin
  --jwks FILE|URL    the issuer's keys; by default ISSUER/.well-known/jwks.json
  --outputs FILE …   compares these files with the receipt's outputs
  --prompt TEXT      compares the prompt with the receipt's SHA-256
  --negative-prompt TEXT
  --again URL        makes the pictures again at this API (it costs their price) and compares them; needs --prompt
  --key-file FILE    the API key for --again`;

let failed = 0;

function say(what: string, problem: string | null, detail: string): void {
  if (problem !== null) failed++;
  console.log(`${problem === null ? "ok  " : "FAIL"} ${what.padEnd(10)} ${problem ?? detail}`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jwks: { type: "string" },
    outputs: { type: "string", multiple: true },
    prompt: { type: "string" },
    "negative-prompt": { type: "string", default: "" },
    again: { type: "string" },
    "key-file": { type: "string" },
  },
});
const [source, ...more] = positionals;
if (source === undefined) fail(USAGE);
if (more.length > 0 && values.outputs === undefined)
  fail(`one receipt at a time, not also ${more.join(", ")}`);

const jws = jwsOf(source === "-" ? await text(process.stdin) : read(source));
const receipt = await checkSignature(jws);
if (receipt) {
  checkFigures(receipt);
  if (values.outputs) checkOutputs(receipt, [...values.outputs, ...more]);
  if (values.prompt !== undefined) checkPrompt(receipt, values.prompt, values["negative-prompt"]);
  if (values.again !== undefined) await checkAgain(receipt, values.again);
}
console.log(failed === 0 ? "the receipt holds" : `${failed} checks failed`);
process.exit(failed === 0 ? 0 : 1);

/** The JWS itself, or out of the API's JSON answer. */
function jwsOf(content: string): string {
  const trimmed = content.trim();
  if (!trimmed.startsWith("{")) return trimmed;
  const { jws } = parse(trimmed, "the receipt") as { jws?: unknown };
  return typeof jws === "string"
    ? jws
    : fail('the receipt is JSON without a "jws": only what is signed can be checked');
}

async function checkSignature(signed: string): Promise<Receipt | null> {
  const from = values.jwks ?? `${claimedIssuer(signed)}/.well-known/jwks.json`;
  const opened = await openReceipt(signed, await readKeys(from));
  switch (opened.kind) {
    case "valid":
      say("signature", null, `Ed25519, key ${opened.kid} of ${from}`);
      describe(opened.receipt);
      return opened.receipt;
    case "malformed":
      say("signature", `no receipt that this version can read: ${opened.why}`, "");
      return null;
    case "unknown_key":
      say("signature", `signed under key ${opened.kid ?? "without a name"}, which is not in ${from}`, "");
      return null;
    case "bad_signature":
      say("signature", "does not belong to what the receipt says: it was changed, or another signed it", "");
      return null;
  }
}

/** Only to find the keys by; what the receipt says counts once its signature has been checked. */
function claimedIssuer(signed: string): string {
  const claimed = parse(
    Buffer.from(signed.split(".")[1] ?? "", "base64url").toString(),
    "the receipt's payload",
  );
  const { issuer } = claimed as { issuer?: unknown };
  return typeof issuer === "string" ? issuer : fail("the receipt names no issuer; give its keys with --jwks");
}

async function readKeys(from: string): Promise<PublicKeys> {
  if (!/^https?:/.test(from)) return parse(read(from), from) as PublicKeys;
  const response = await fetch(from).catch((error: Error) => fail(`${from}: ${error.message}`));
  return response.ok
    ? (parse(await response.text(), from) as PublicKeys)
    : fail(`${from} answered ${response.status}; give a saved key set with --jwks`);
}

function describe({
  issuer,
  generation,
  account,
  status,
  model,
  request,
  created_at,
  ended_at,
}: Receipt): void {
  console.log(`     issuer     ${issuer}`);
  console.log(`     generation ${generation} of ${account}`);
  console.log(`     made       ${request.n} x ${model}, ${status}, ${created_at} to ${ended_at}`);
}

function checkFigures(receipt: Receipt): void {
  const { charge, price, steps, totals } = receipt;
  const model = findModel(receipt.model);
  const table = model?.price.version === price.version ? model.price : null;
  const by = table
    ? `recomputed by the catalogue's price table ${price.version}`
    : `by the receipt's own prices (table ${price.version}); the catalogue here has ${model ? `table ${model.price.version}` : "no such model"}`;
  const details = {
    plan: `${steps.length} of ${price.steps.length} steps delivered`,
    price: by,
    charge: `${charge.charged} micro-credits charged of ${charge.held} held, ${charge.released} released`,
    totals: `${totals.tokens} tokens, ${totals.branches} branches, ${totals.failovers} failovers`,
    outputs: `${receipt.outputs.length} outputs listed`,
  };
  for (const { what, problems } of checkReceipt(receipt, table)) {
    say(what, problems.length > 0 ? problems.join("; ") : null, details[what]);
  }
  if (model && model.revision !== receipt.revision) {
    console.log(
      `     note       the catalogue here has revision ${model.revision} of ${model.id}, another one`,
    );
  }
}

/** Any order: a file is known by its hash. */
function checkOutputs(receipt: Receipt, files: readonly string[]): void {
  for (const file of files) {
    const hash = sha256OfBytes(readFileSync(file));
    const output = receipt.outputs.find((one) => one.sha256 === hash);
    const problem = output ? null : `${basename(file)} (SHA-256 ${hash}) is none of the receipt's outputs`;
    say("file", problem, `${basename(file)} is picture ${output?.image_index}`);
  }
}

/** A class is signed by its label, however it was written in the request. */
function checkPrompt({ request, model: id }: Receipt, prompt: string, negative: string): void {
  const isText = request.negative_prompt_sha256 !== null;
  const model = findModel(id);
  const shown = isText || !model ? prompt : labelOf(prompt, model.condition);
  const matches = sha256OfText(shown) === request.prompt_sha256;
  say("prompt", matches ? null : "is not the one that was asked for", "is the one that was asked for");
  if (!isText) return;
  const isSame = sha256OfText(negative) === request.negative_prompt_sha256;
  say(
    "negative",
    isSame ? null : "--negative-prompt is not the one that was asked for",
    "is the one that was asked for",
  );
}

function labelOf(prompt: string, condition: Parameters<typeof readCondition>[2]): string {
  try {
    const read = readCondition(prompt, "", condition);
    return read.kind === "class" ? read.label : prompt;
  } catch {
    return prompt;
  }
}

async function checkAgain(receipt: Receipt, api: string): Promise<void> {
  if (values.prompt === undefined) fail("--again needs --prompt: the receipt has only its SHA-256");
  if (failed > 0) return say("again", "not tried, for what failed above", "");
  const key = values["key-file"] === undefined ? null : read(values["key-file"]).trim();
  const prompts = { prompt: values.prompt, negativePrompt: values["negative-prompt"] };
  for (const { what, problem, detail } of await makeAgain(receipt, { api, key, ...prompts })) {
    say(what, problem, detail);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    return fail(`${file}: ${(error as Error).message}`);
  }
}

function parse(json: string, what: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return fail(`${what} is no JSON`);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
