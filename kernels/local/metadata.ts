/** What `GET /v2/models/{model}` says of either model (OIP v2, "Model Metadata"). */
import { decodeInputs } from "./answer-decode.ts";
import { stepInputs } from "./answer-step.ts";
import type { Model } from "./model.ts";

/**
 * @param model the model
 * @param name `{id}` or `{id}.decode`
 * @returns its metadata; -1 is an axis that varies
 */
export function describeModel(model: Model, name: string): object {
  const decodes = name !== model.id;
  return {
    name,
    versions: ["1"],
    platform: "onnxruntime_web",
    inputs: listed(decodes ? decodeInputs : stepInputs),
    outputs: decodes
      ? [{ name: "media", datatype: "BYTES", shape: [-1, 1] }]
      : [
          { name: "stats", datatype: "BYTES", shape: [-1, 1] },
          { name: "logits", datatype: "FP16", shape: [-1, -1, -1, model.vocabulary] },
        ],
    parameters: { revision: model.revision },
  };
}

function listed(inputs: Readonly<Record<string, string>>): object[] {
  const varying = ["tokens", "guidance"];
  return Object.entries(inputs).map(([name, datatype]) => ({
    name,
    datatype,
    shape: [-1, varying.includes(name) ? -1 : 1],
  }));
}
