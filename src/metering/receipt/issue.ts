/** Issues a receipt at settlement: makes it, signs it, keeps it. */
import type { HoldEnd } from "../hold.ts";
import { type Ended, makeReceipt } from "./receipt.ts";
import { signReceipt } from "./sign.ts";
import type { Receipts } from "./store.ts";

export interface Issuing {
  /** The deployment's public origin, where its keys are published. */
  readonly issuer: string;
  /** `RECEIPT_KEY`: see sign.ts. */
  readonly secret: string;
  readonly receipts: Receipts;
}

/** What a generation's record tells a receipt. */
export interface EndedRecord extends Pick<Ended, "plan" | "steps" | "outputs" | "createdMs"> {
  readonly terms: { readonly project: string; readonly apiKey: string };
  readonly finishedMs: number | null;
}

/**
 * May be called again with the same end: the first receipt stays.
 * A generation that was never started gets none.
 */
export async function issueReceipt(
  { issuer, secret, receipts }: Issuing,
  end: HoldEnd,
  { terms, plan, steps, outputs, createdMs, finishedMs }: EndedRecord,
): Promise<void> {
  const { reason } = end;
  if (reason === "void") return;
  const receipt = makeReceipt({
    issuer,
    project: terms.project,
    apiKey: terms.apiKey,
    createdMs,
    endedMs: finishedMs ?? createdMs,
    plan,
    steps,
    end: { ...end, reason },
    outputs,
  });
  await receipts.put(end.account, end.generation, await signReceipt(receipt, secret));
}
