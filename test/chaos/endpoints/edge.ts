/** The Worker in its real processes before given providers, with an account that lacks nothing. */
import { localSecret } from "../../../scripts/local-variables.ts";
import { type Operator, operatorOf } from "../../../scripts/operator.ts";
import { type OwnWorker, startOwnWorker } from "../../../scripts/own-worker.ts";

export interface Edge extends Pick<OwnWorker, "url" | "key" | "close"> {
  readonly account: string;
  readonly operator: Operator;
}

/** @throws Error with the Worker's last words where it does not start. */
export async function startEdge(providers: object): Promise<Edge> {
  const { url, key, folder, close } = await startOwnWorker(providers, { isBuilt: true });
  try {
    const answer = await fetch(`${url}/v1/account`, { headers: { authorization: `Bearer ${key}` } });
    const { id: account } = (await answer.json()) as { id: string };
    return { url, key, account, operator: operatorOf(url, localSecret(folder, "ADMIN_SECRET")), close };
  } catch (error) {
    await close();
    throw error;
  }
}
