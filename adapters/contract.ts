/** What the edge asks of a model endpoint and what it gets back: the step contract as types (docs/contract.md). */
import type { Billed, Fault, FaultKind } from "./fault.ts";

/** How a picture's prefix is corrupted (VPG section 3; `embedding` is the method, the others are its ablations). */
export type CorruptionKind = "embedding" | "position" | "token" | "codebook";

/** One picture's part of a step request. */
export interface PictureStep {
  /** Tokens of all steps before this one, in the wire's form: UINT16 little endian a codebook token, ceil(bits/8) bytes a bitwise one. */
  readonly prefix: Uint8Array;
  readonly condition: Condition;
  /** Guidance strength of steps 0..k, scheduled already, in the family's own formula. */
  readonly guidance: readonly number[];
  readonly corruption: { readonly ratio: number; readonly kind: CorruptionKind; readonly seed: number };
  /** Only for families that divide by it before their guidance (InfinityStar); the rows come divided then. */
  readonly temperature?: number;
  /** The same for all steps of one picture: where an endpoint may look in its cache. */
  readonly prefixKey: string;
}

/** What the picture shows: a class, or texts the endpoint encodes. */
export type Condition =
  | { readonly kind: "class"; readonly index: number }
  | { readonly kind: "text"; readonly prompt: string; readonly negativePrompt: string };

/** What the edge draws a codebook token with (contract: "Mixing", "Codebook"). */
export interface Sampling {
  /** Strength of the mixing; means nothing with one branch. */
  readonly lambda: number;
  /** 0 takes the likeliest. */
  readonly temperature: number;
  /** 0 or at least the codebook's size: off. */
  readonly topK: number;
  /** 1: off. */
  readonly topP: number;
}

/** One step of n pictures: all share model, schedule, step, kind of corruption and whether there is a corrupted branch. */
export interface StepRequest {
  readonly id: string;
  readonly model: string;
  /** What the answer's `stats` must declare; anything else is the fault `corrupt`. */
  readonly revision: string;
  readonly schedule: string;
  readonly step: number;
  readonly tokens: "codebook" | "bitwise";
  /** L_k, tokens of this step. */
  readonly length: number;
  /** Codebook size, or bits of a token at this step: the width of a row. */
  readonly width: number;
  /** Rows a token: 2 when a corrupted branch is asked for and there is a prefix to corrupt, else 1. */
  readonly branches: 1 | 2;
  readonly pictures: readonly PictureStep[];
  /** How the edge will sample: an endpoint that is set up for it then sends only what can be drawn. */
  readonly sampling?: Sampling;
  /** Milliseconds from now after which the answer is worth nothing. */
  readonly deadlineMs: number;
}

/** What an endpoint says of one picture's step (`stats`). */
export interface StepStats {
  readonly deviceMs: number;
  readonly cache: "hit" | "miss";
  readonly revision: string;
  readonly numerics: string;
}

/** Where an answer came from, for the generation's record. */
export interface Route {
  readonly endpoint: string;
  readonly region: string | null;
  /** Of a fleet: its kind of cloud (docs/providers.md). */
  readonly provider?: string;
  /** Of a fleet: why this one. */
  readonly reason?: RouteReason;
  /** Of a fleet: who failed before it, in order. */
  readonly tried?: readonly Tried[];
}

/**
 * Why a fleet asked an endpoint: it was the only one that could be, it holds the pictures' cache, it was the better of
 * two drawn, it is tried after a time out of use, all others are out of use too, or another one was late.
 */
export type RouteReason = "only" | "sticky" | "choice" | "probe" | "panic" | "hedge";

/** A call that failed before the one that answered. */
export interface Tried {
  readonly endpoint: string;
  readonly fault: FaultKind["kind"];
  /** Of a timeout. */
  readonly phase?: "connect" | "head" | "body";
  readonly billed: Billed;
  /** Milliseconds from asking it to its fault. */
  readonly ms: number;
}

/** The tokens of one picture's step that can be drawn, where an endpoint sends no others. */
export interface Candidates {
  /** How many there are at each of the L_k positions: 1 .. width. */
  readonly counts: Int32Array;
  /** What all tokens that top-k kept weigh there, the largest weighing 1: 1 .. width. */
  readonly masses: Float32Array;
  /** Which they are, position after position, ascending within each. */
  readonly tokens: Uint16Array;
}

export interface StepAnswer {
  /** One a picture. */
  readonly stats: readonly StepStats[];
  readonly route: Route;
  /** One a picture where only candidates come; absent where every token does. */
  readonly candidates?: readonly Candidates[];
  /**
   * The pairs as FP16 little endian, [n, L_k, branches, width], in pieces of any size; those of the candidates alone,
   * picture after picture, are [candidates, branches].
   * Ends after exactly that many bytes or throws a `Fault`; leaving the loop early closes the connection.
   */
  readonly logits: AsyncIterable<Uint8Array>;
  /**
   * Only a fleet has it: the same step from another endpoint, after this answer has failed in its body or in a row.
   * Throws the last fault where nobody is left.
   */
  readonly elsewhere?: (fault: Fault) => Promise<StepAnswer>;
}

export type MediaFormat = "png" | "webp" | "jpeg" | "mp4";

/** Tokens to pixels: any number of whole steps; fewer than all give a coarse preview. */
export interface DecodeRequest {
  readonly id: string;
  readonly model: string;
  readonly schedule: string;
  readonly format: MediaFormat;
  /** One picture's tokens each, in the wire's form (see `PictureStep.prefix`). */
  readonly pictures: readonly Uint8Array[];
  readonly tokens: "codebook" | "bitwise";
  readonly deadlineMs: number;
  /** Of a part: how many pictures all parts have that are asked for at once, and share what their files may take. */
  readonly inAll?: number;
}

export interface DecodeAnswer {
  /** One encoded file a picture. */
  readonly media: readonly Uint8Array[];
  readonly route: Route;
}

/** One adapter, or a fleet of them: whoever holds one cannot tell. Both calls throw `Fault` and nothing else. */
export interface StepSource {
  step(request: StepRequest, signal: AbortSignal): Promise<StepAnswer>;
  decode(request: DecodeRequest, signal: AbortSignal): Promise<DecodeAnswer>;
}
