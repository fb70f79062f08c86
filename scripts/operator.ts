/** The operator's side of a vpg-edge: calls /v1/admin with the operator's secret. */

import { readFileSync } from "node:fs";

export interface Operator {
  /** @throws Error with what the server said, where it did not answer 200. */
  readonly call: <Answer>(method: "GET" | "POST" | "PATCH", path: string, body?: object) => Promise<Answer>;
}

/** Where a command finds the server and the operator's secret. */
export const operatorOptions = {
  url: { type: "string", default: "http://localhost:8787" },
  folder: { type: "string", default: ".local" },
  "secret-file": { type: "string" },
} as const;

export const OPERATOR_USAGE = `  --url URL            http://localhost:8787 by default
  --secret-file FILE   where the operator's secret is; else the variable ADMIN_SECRET; else .local/admin-secret (--folder)`;

/**
 * The operator that a command's options name.
 * @throws Error where the secret cannot be read, or would go over the network in the clear.
 */
export function operatorFrom(options: { url: string; folder: string; "secret-file"?: string }): Operator {
  const { url, folder, "secret-file": file } = options;
  if (!/^(https:|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$))/.test(url)) {
    throw new Error(`--url ${url}: the operator's secret goes over https only, or to this machine`);
  }
  return operatorOf(url.replace(/\/+$/, ""), secretFrom(file, folder));
}

function secretFrom(file: string | undefined, folder: string): string {
  if (!file && process.env.ADMIN_SECRET) return process.env.ADMIN_SECRET;
  const path = file ?? `${folder}/admin-secret`;
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    throw new Error(`no operator's secret: ${path} cannot be read; see --secret-file`);
  }
}

/** @param url the server's, without a path. */
export function operatorOf(url: string, secret: string): Operator {
  return {
    async call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
      const response = await fetch(`${url}/v1/admin${path}`, {
        method,
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
      });
      if (response.ok) return (await response.json()) as Answer;
      throw new Error(await complaintOf(response, path));
    },
  };
}

async function complaintOf(response: Response, path: string): Promise<string> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error: { message: string; code: string } };
    return `${response.status} ${error.code}: ${error.message}`;
  } catch {
    return `${path} answered ${response.status}: ${text.slice(0, 200)}`;
  }
}
