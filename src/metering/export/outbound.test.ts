import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isAccepted, postOut } from "./outbound.ts";

/** Answers by path; `/elsewhere` must never be reached. */
let server: Server;
let url = "";
const reached: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    if (request.url === "/moved") response.writeHead(302, { location: "/elsewhere" }).end();
    else if (request.url === "/endless") {
      const timer = setInterval(() => response.write("x".repeat(10_000)), 1);
      response.on("close", () => clearInterval(timer));
    } else if (request.url === "/ok") response.end("well");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const post = (path: string, withinMs?: number) =>
  postOut(fetch, { url: `${url}${path}`, headers: { "x-a": "b" }, body: "{}" }, withinMs);

it("posts and reads the answer", async () => {
  const answer = await post("/ok");
  expect([answer, isAccepted(answer)]).toEqual([{ status: 200, text: "well" }, true]);
});

it("does not follow a redirect, and takes it for no acceptance", async () => {
  const answer = await post("/moved");
  expect([answer.status, isAccepted(answer)]).toEqual([302, false]);
  expect(reached).not.toContain("GET /elsewhere");
});

it("reads no more than a kilobyte of an answer without end", async () => {
  expect((await post("/endless")).text).toBe("x".repeat(1024));
});

it("gives up on who does not answer", async () => {
  await expect(post("/silent", 50)).rejects.toThrow();
});
