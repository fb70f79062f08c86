/** The known answers of test/vectors/probe.json are those of the weights that are shipped. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { bytesTensor, textValues } from "../../adapters/oip/bytes.ts";
import { fp32Tensor, int32Tensor, rawTensor, type Tensor, uint64Tensor } from "../../adapters/oip/tensor.ts";
import { outputsOf, post, uint16s } from "./asking.ts";
import { startEndpoint } from "./server.ts";

type Listed = { readonly name: string; readonly shape: number[] } & (
  | { readonly datatype: "BYTES"; readonly data: string[] }
  | { readonly datatype: "INT32" | "FP32" | "UINT64" | "UINT16"; readonly data: number[] }
);

interface Probe {
  readonly model: string;
  readonly revision: string;
  readonly inputs: readonly Listed[];
  /** SHA-256 of `logits`, by numerics class. */
  readonly answers: Readonly<Record<string, string>>;
}

function tensor({ name, shape, ...values }: Listed): Tensor {
  switch (values.datatype) {
    case "BYTES":
      return bytesTensor(name, shape, values.data);
    case "INT32":
      return int32Tensor(name, shape, values.data);
    case "FP32":
      return fp32Tensor(name, shape, values.data);
    case "UINT64":
      return uint64Tensor(name, shape, values.data);
    case "UINT16":
      return rawTensor(name, "UINT16", shape, uint16s(values.data));
  }
}

it("gives the probe's known answer; with new weights record it again (docs/gpu.md)", async () => {
  const file = new URL("../../test/vectors/probe.json", import.meta.url);
  const probe = JSON.parse(await readFile(file, "utf8")) as Probe;
  const endpoint = await startEndpoint({ port: 0, threads: 1 });
  try {
    const served = endpoint.models.find(({ id }) => id === probe.model)!;
    const request = { id: null, parameters: {}, outputs: [], inputs: probe.inputs.map(tensor) };
    const [stats, logits] = await outputsOf(await post(endpoint.url, probe.model, request));
    expect(JSON.parse(textValues(stats!)[0]!)).toMatchObject({ revision: probe.revision });
    expect(createHash("sha256").update(logits!.data).digest("hex")).toBe(probe.answers[served.numerics]);
  } finally {
    await endpoint.close();
  }
});
