/** `npm run keys`: the operator makes accounts, gives credit, and makes, lists, rotates and disables keys. */
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { OPERATOR_USAGE, type Operator, operatorFrom, operatorOptions } from "./operator.ts";
import { tableOf } from "./table.ts";

const USAGE = `npm run keys -- COMMAND [options]

  create-account --name NAME                   an account with a project "default"
  accounts                                     all accounts
  grant   --account ID --micro-credits N       [--note TEXT] [--grant-key KEY: the same key grants once]
  create  --account ID --name NAME             [--scopes generate,read] [--models a,b] [--project ID] [--expires 2027-01-31]
  list    --account ID
  rotate  --account ID --key ID                [--overlap-seconds 86400]
  disable --account ID --key ID

${OPERATOR_USAGE}
`;

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly created_at: number;
}
interface ShownKey extends Listed {
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly models: readonly string[] | null;
  readonly expires_at: number | null;
  readonly disabled_at: number | null;
  readonly replaced_by: string | null;
}
interface PageOf<T> {
  readonly data: readonly T[];
  readonly has_more: boolean;
}
type Issued = ShownKey & { readonly key: string };

const { values, positionals } = parse();
const operator = own();
const commands: Readonly<Record<string, () => Promise<void>>> = {
  "create-account": createAccount,
  accounts: listAccounts,
  grant,
  create,
  list,
  rotate,
  disable,
};
const command = commands[positionals[0] ?? ""];
if (!command || positionals.length !== 1) fail(USAGE);
await command().catch((error: Error) => fail(`keys: ${messageOf(error)}`));

function parse() {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...operatorOptions,
        ...{ name: text, account: text, key: text, note: text, scopes: text },
        ...{ models: text, project: text, expires: text, "overlap-seconds": text },
        ...{ "micro-credits": text, "grant-key": text },
      },
    });
  } catch (error) {
    return fail(`keys: ${(error as Error).message}\n\n${USAGE}`);
  }
}

function own(): Operator {
  try {
    return operatorFrom(values);
  } catch (error) {
    return fail(`keys: ${(error as Error).message}\n\n${USAGE}`);
  }
}

async function createAccount(): Promise<void> {
  const body = { name: needed("name") };
  const made = await operator.call<Listed & { default_project: string }>("POST", "/accounts", body);
  console.log(tableOf([{ account: made.id, name: made.name, project: made.default_project }]));
}

async function listAccounts(): Promise<void> {
  const rows = await everything<Listed>("/accounts");
  console.log(
    tableOf(rows.map(({ id, name, created_at }) => ({ account: id, name, created: day(created_at) }))),
  );
}

async function grant(): Promise<void> {
  const micro_credits = whole("micro-credits");
  const key = values["grant-key"] ?? randomUUID();
  const account = needed("account");
  const body = { micro_credits, key, note: values.note ?? "" };
  const { seq } = await operator.call<{ seq: number }>("POST", path(account, "grants"), body);
  console.log(tableOf([{ account, granted: micro_credits, entry: seq, key }]));
}

async function create(): Promise<void> {
  const { scopes, models, project, expires } = values;
  showOnce(
    await operator.call<Issued>("POST", path(needed("account"), "keys"), {
      name: needed("name"),
      ...(scopes && { scopes: scopes.split(",") }),
      ...(models && { models: models.split(",") }),
      ...(project && { project }),
      ...(expires && { expires_at: secondsOf(expires) }),
    }),
  );
}

async function list(): Promise<void> {
  console.log(tableOf((await everything<ShownKey>(path(needed("account"), "keys"))).map(rowOf)));
}

async function rotate(): Promise<void> {
  const body = values["overlap-seconds"] ? { overlap_seconds: whole("overlap-seconds") } : {};
  showOnce(
    await operator.call<Issued>("POST", path(needed("account"), "keys", needed("key"), "rotate"), body),
  );
}

async function disable(): Promise<void> {
  const at = path(needed("account"), "keys", needed("key"), "disable");
  console.log(tableOf([rowOf(await operator.call<ShownKey>("POST", at, {}))]));
}

/** All pages of a list. */
async function everything<T extends Listed>(at: string): Promise<T[]> {
  const all: T[] = [];
  for (let after = ""; ; after = `&after=${all.at(-1)!.id}`) {
    const page = await operator.call<PageOf<T>>("GET", `${at}?limit=100${after}`);
    all.push(...page.data);
    if (!page.has_more) return all;
  }
}
function showOnce(issued: Issued): void {
  console.log(`${tableOf([rowOf(issued)])}\n\nThe key, shown this once:\n\n  ${issued.key}`);
}

function rowOf(key: ShownKey) {
  return {
    ...{ key: key.id, name: key.name, prefix: key.prefix, scopes: key.scopes.join(",") },
    models: key.models?.join(",") ?? "all",
    ...{ created: day(key.created_at), expires: day(key.expires_at), disabled: day(key.disabled_at) },
    replaced_by: key.replaced_by,
  };
}

function path(account: string, ...more: string[]): string {
  return ["/accounts", ...[account, ...more].map(encodeURIComponent)].join("/");
}

function needed(name: "name" | "account" | "key"): string {
  return values[name] ?? fail(`keys: --${name} is missing\n\n${USAGE}`);
}

function whole(name: "micro-credits" | "overlap-seconds"): number {
  const text = values[name] ?? "";
  if (/^\d+$/.test(text)) return Number(text);
  return fail(`keys: --${name} must be a whole number`);
}

function secondsOf(date: string): number {
  const ms = Date.parse(date);
  return Number.isNaN(ms) ? fail(`keys: --expires: ${date} is no date`) : Math.floor(ms / 1000);
}

function day(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString().slice(0, 16);
}

function messageOf(error: Error): string {
  return error.message === "fetch failed" ? `nothing answers at ${values.url}; npm start?` : error.message;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
