/** Who calls, and what they may. */
import { Refusal } from "../refusal.ts";
import type { Scope } from "./scope.ts";

export interface Caller {
  readonly account: string;
  readonly project: string;
  /** The key's id. */
  readonly apiKey: string;
  readonly scopes: readonly Scope[];
  /** null: every model. */
  readonly models: readonly string[] | null;
}

/**
 * Lets a caller through who has this scope, or any one of several.
 * @returns the caller.
 * @throws Refusal `scope_missing`, whose `param` is the scope.
 */
export function allow(caller: Caller, scope: Scope, ...orElse: readonly Scope[]): Caller {
  const anyOf = [scope, ...orElse];
  if (anyOf.some((one) => caller.scopes.includes(one))) return caller;
  throw new Refusal("scope_missing", `This API key lacks the scope ${anyOf.join(" or ")}.`, { param: scope });
}

/**
 * Nobody hands on what they lack: holds what a key is to have against the caller who makes, changes or renews it.
 * @throws Refusal naming what the caller lacks; a model one may not use is as good as none.
 */
export function allowGrant(caller: Caller, grant: Pick<Caller, "scopes" | "models">): void {
  const missing = grant.scopes.find((scope) => !caller.scopes.includes(scope));
  if (missing) {
    throw new Refusal("scope_missing", `scopes: this API key lacks ${missing} and cannot grant it.`, {
      param: "scopes",
    });
  }
  const { models } = caller;
  if (models === null || grant.models?.every((model) => models.includes(model))) return;
  throw new Refusal("model_not_found", `models: this API key may grant ${models.join(", ")} only.`, {
    param: "models",
  });
}
