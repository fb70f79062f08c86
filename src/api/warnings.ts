/** What of a request was accepted and changes nothing: no parameter is ignored in silence. */
import type { Plan } from "../plan/plan.ts";
import type { Warning } from "./report.ts";
import { type ImageRequest, ineffectiveFields } from "./schemas.ts";

/** One a field. */
export function warningsOf(request: ImageRequest, plan: Plan): Warning[] {
  const warnings = ineffectiveFields
    .filter((param) => request[param] != null && request[param] !== "auto")
    .map((param) => ({ param: param as string, message: `${param} has no effect with this model.` }));
  if (plan.tokens === "bitwise" && (request.top_k ?? 0) > 1) {
    warnings.push({ param: "top_k", message: "top_k has no effect above 1: a bit has two values." });
  }
  if (request.negative_prompt && plan.guidanceScale === 1) {
    warnings.push({
      param: "negative_prompt",
      message: "negative_prompt has no effect at guidance_scale 1, which is none.",
    });
  }
  return warnings;
}
