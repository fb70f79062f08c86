/** The clouds' adapters before a real tritonserver: its own front ends for SageMaker and Vertex AI, its plain port for the others. */
import { afterAll, describe, expect, it } from "vitest";
import { localLab } from "../adapters/conformance/local.ts";
import { runConformance } from "../adapters/conformance.ts";
import { declaredNumerics } from "./asked.ts";
import { startTriton, type TritonServer } from "./server.ts";

const servers = new Map<string, Promise<TritonServer>>();

/** One a front end: Triton has each by itself. */
function serverWith(front: string): Promise<TritonServer> {
  const server = servers.get(front) ?? startTriton(front === "" ? {} : { front });
  servers.set(front, server);
  return server;
}

afterAll(async () => {
  const all = await Promise.all(servers.values());
  expect(await Promise.all(all.map((server) => server.close()))).toEqual(all.map(() => 0));
});

describe.each([
  ["triton", ""],
  ["azure", ""],
  ["vertex-shared", "vertex"],
  ["vertex-dedicated", "vertex"],
  ["sagemaker", "sagemaker"],
  ["sagemaker-stream", "sagemaker"],
])("the adapter for %s", (kind, front) => {
  it("conforms before a real Triton", async () => {
    const server = await serverWith(front);
    const container = {
      url: front === "" ? server.url : server.front,
      numerics: await declaredNumerics(server.url),
    };
    const { lab, close } = await localLab(kind, container);
    try {
      const outcomes = await runConformance(lab, () => {});
      const count = (result: string) => outcomes.filter((outcome) => outcome.result === result).length;
      process.stderr.write(`${kind}: ${count("passed")} passed, ${count("skipped")} skipped\n`);
      expect(outcomes.filter(({ result }) => result === "failed")).toEqual([]);
      expect(count("passed")).toBeGreaterThan(30);
    } finally {
      await close();
    }
  });
});
