/** How a step fails at an endpoint that is told what to answer. */
import type { StepRequest, StepSource } from "../../adapters/contract.ts";
import { Fault } from "../../adapters/fault.ts";
import { type TritonOptions, triton } from "../../adapters/triton.ts";
import { serve } from "./server.ts";
import { gathered, numerics, stepRequest } from "./steps.ts";

/** A signal that does not abort. */
export const never = new AbortController().signal;

/**
 * @param url where the endpoint is
 * @param options what differs from a plain one
 * @returns the adapter under test
 */
export function sourceAt(url: string, options: Partial<TritonOptions> = {}): StepSource {
  return triton({ name: "lab", url, region: null, numerics, ...options });
}

/**
 * @param source where to ask
 * @param request the step
 * @returns how the step, run to its end, failed
 * @throws Error when it did not, and whatever is no Fault
 */
export async function failureOf(source: StepSource, request: StepRequest = stepRequest): Promise<Fault> {
  try {
    const answer = await source.step(request, never);
    await gathered(answer.logits);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("the step did not fail");
}

/**
 * @param headers of a 200
 * @param body of it
 * @returns how a step that is answered so fails
 */
export async function failureOfAnswer(
  headers: Record<string, string>,
  body: Uint8Array | string,
): Promise<Fault> {
  await using server = await serve((response) => {
    response.writeHead(200, headers).end(body);
  });
  return await failureOf(sourceAt(server.url));
}

/**
 * @param fault how a call failed
 * @returns kind, phase and cost in one line: `timeout/head unknown`
 */
export function told({ fault, billed }: Fault): string {
  return `${fault.kind === "timeout" ? `timeout/${fault.phase}` : fault.kind} ${billed}`;
}
