/** The operator's side of a vpg-edge: calls /v1/admin with the operator's secret. */

export interface Operator {
  /** @throws Error with what the server said, where it did not answer 200. */
  readonly call: <Answer>(method: "GET" | "POST" | "PATCH", path: string, body?: object) => Promise<Answer>;
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
