import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allow, allowGrant, type Caller } from "./caller.ts";
import { SCOPES } from "./scope.ts";

const caller = (about: Partial<Caller> = {}): Caller => ({
  account: "acct_1",
  project: "proj_1",
  apiKey: "key_1",
  scopes: ["read"],
  models: null,
  ...about,
});

describe("a caller", () => {
  it("passes with the scope, or with any one of several", () => {
    const reader = caller();
    expect(allow(reader, "read")).toBe(reader);
    expect(allow(reader, "generate", "read")).toBe(reader);
  });

  it("is refused without it, and told which", () => {
    expect(() => allow(caller(), "admin")).toThrow(
      expect.objectContaining({ code: "scope_missing", param: "admin" }),
    );
  });
});

describe("a grant", () => {
  const scopes = fc.subarray([...SCOPES]);
  const models = fc.option(fc.subarray(["a", "b", "c"]));

  it("passes exactly when it holds nothing that its maker lacks", () => {
    fc.assert(
      fc.property(scopes, models, scopes, models, (hasScopes, hasModels, asksScopes, asksModels) => {
        const within =
          asksScopes.every((scope) => hasScopes.includes(scope)) &&
          (hasModels === null || (asksModels?.every((model) => hasModels.includes(model)) ?? false));
        const grant = () =>
          allowGrant(caller({ scopes: hasScopes, models: hasModels }), {
            scopes: asksScopes,
            models: asksModels,
          });
        if (within) expect(grant).not.toThrow();
        else
          expect(grant).toThrow(expect.objectContaining({ param: expect.stringMatching(/scopes|models/) }));
      }),
    );
  });
});
