/**
 * What a picture puts into R2, and nothing else: locally R2 is a Worker of Miniflare's on the same thread, which no
 * deployment pays for. `/nothing` is the request alone.
 */
import { Outputs } from "../../../src/generation/outputs.ts";
import { Receipts } from "../../../src/metering/receipt/store.ts";

/** About as many bytes as a small PNG has, and as a picture's receipt. */
const picture = new Uint8Array(4096).fill(7);
const receipt = "x".repeat(3000);

export default {
  async fetch(request: Request, { OUTPUTS }: { readonly OUTPUTS: R2Bucket }): Promise<Response> {
    if (new URL(request.url).pathname !== "/nothing") {
      const id = crypto.randomUUID();
      await new Outputs(OUTPUTS, id).put([picture], "png");
      await new Receipts(OUTPUTS).put("account", id, receipt);
    }
    return new Response("done");
  },
};
