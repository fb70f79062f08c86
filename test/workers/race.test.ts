import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { genesis, verifyChain } from "../../src/metering/ledger/chain.ts";
import { misbehave } from "./client.ts";
import { as, asOperator, done, newAccount, newKey } from "./operator.ts";

const asked = { model: "var-sprites", prompt: "boat", n: 1, seed: 21, stream: true };
const WIDE = { requests_per_minute: 1_000, images_per_minute: 1_000, concurrency: 1_000, streams: 1_000 };

it("holds 50 of 200 requests at once where there is credit for 50, refuses 150, and leaves nothing", async () => {
  // The endpoint keeps everyone waiting, so that nothing is settled while the others ask.
  await misbehave({ suffix: "-0", times: 1_000, act: { kind: "hold", ms: 60_000 } });
  const quoter = await newKey(await newAccount());
  const { micro_credits: price } = await done<{ micro_credits: number }>(
    as(quoter.key, "/images/generations?dry_run=true", asked),
  );
  const account = await newAccount(50 * price);
  await done(asOperator(`/accounts/${account}/limits`, WIDE, "PATCH"));
  const { key } = await newKey(account);
  const ledger = () => env.LEDGERS.getByName(account);
  const balance = async () => (await ledger().account())!.balance;

  const answers = await Promise.all(Array.from({ length: 200 }, () => as(key, "/images/generations", asked)));
  const refused = answers.filter(({ status }) => status === 402);
  const held = answers.filter(({ status }) => status === 200);
  expect([held.length, refused.length]).toEqual([50, 150]);
  for (const response of refused) {
    expect(await response.json()).toMatchObject({ error: { code: "credit_balance_exhausted" } });
  }
  expect(await balance()).toMatchObject({ available: 0, held: 50 * price, charged: 0 });

  await Promise.all(
    held.map(async (response) => {
      const id = response.headers.get("x-generation-id")!;
      expect(await done(as(key, `/generations/${id}/cancel`, {}))).toMatchObject({ status: "cancelled" });
      await response.text();
    }),
  );
  await expect.poll(balance, { timeout: 30_000 }).toMatchObject({
    ...{ available: 50 * price, held: 0, charged: 0 },
  });
  const { findings, reserved, settled, rows } = verifyChain(
    await ledger().entries(0, 5_000),
    genesis(account),
  );
  // A balance below zero after any row would be a finding.
  expect({ findings, reserved, settled, rows }).toEqual({
    findings: [],
    reserved: 50,
    settled: 50,
    rows: 101,
  });
}, 120_000);
