/** Candidates, the asking: when they save anything, and what is said and wanted then (docs/contract.md, "Candidates"). */
import type { Sampling, StepRequest } from "../contract.ts";
import type { Parameters } from "../oip/frame.ts";
import type { Asked } from "../oip/open.ts";

/** The most that the tokens of one answer may take: they are held until its last logits have come. */
const maxTokenBytes = 32 * 1024 * 1024;

/**
 * @param request a step
 * @returns its sampling, where that leaves out tokens of a codebook and an answer with all of them could be held; else undefined
 */
export function drawable(request: StepRequest): Sampling | undefined {
  const { sampling, tokens, width } = request;
  if (sampling === undefined || tokens !== "codebook" || mostTokenBytes(request) > maxTokenBytes)
    return undefined;
  const { temperature, topK, topP } = sampling;
  const cuts = (topK > 0 && topK < width) || topP < 1 || Math.fround(temperature) === 0;
  return cuts ? sampling : undefined;
}

/**
 * @param sampling what the edge samples with
 * @returns the parameters that ask for candidates; lambda and temperature rounded as the kernel rounds them
 */
export function candidateParameters({ lambda, temperature, topK, topP }: Sampling): Parameters {
  return {
    candidates: true,
    lambda: Math.fround(lambda),
    temperature: Math.fround(temperature),
    top_k: topK,
    top_p: topP,
  };
}

/**
 * @param request the step
 * @returns what comes in the place of `logits`; how many candidates there are only the server knows
 */
export function candidateOutputs(request: StepRequest): readonly Asked[] {
  const { length, branches } = request;
  const n = request.pictures.length;
  const most = mostTokenBytes(request);
  return [
    { name: "candidate_count", datatype: "INT32", shape: [n, length] },
    { name: "candidate_mass", datatype: "FP32", shape: [n, length] },
    { name: "candidate_token", datatype: "UINT16", shape: [n, null], most },
    { name: "candidate_logits", datatype: "FP16", shape: [n, null, branches], most: most * branches },
  ];
}

/** Bytes of all tokens of all rows. */
function mostTokenBytes({ pictures, length, width }: StepRequest): number {
  return pictures.length * length * width * 2;
}
