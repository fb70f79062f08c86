/** OpenAI's page of image usage, made of buckets. */
import type { Bucket } from "./buckets.ts";
import { type Page, pageOf } from "./page.ts";
import type { SettledRow } from "./row.ts";

export const IMAGE_FIELDS = ["project_id", "api_key_id", "model", "size", "source"] as const;
export type ImageField = (typeof IMAGE_FIELDS)[number];

/** All that we make is drawn anew; nothing is edited. */
export const SOURCE = "image.generation";

export interface ImageResult extends Record<ImageField | "user_id", string | null> {
  readonly object: "organization.usage.images.result";
  readonly images: number;
  readonly num_model_requests: number;
}

/** A row's value of a field; a refund has no size. */
export function imageField({ apiKey, project, model, usage }: SettledRow, field: ImageField): string {
  switch (field) {
    case "project_id":
      return project;
    case "api_key_id":
      return apiKey;
    case "model":
      return model;
    case "size":
      return usage?.size ?? "";
    case "source":
      return SOURCE;
  }
}

/** Groups in which nothing but a refund happened are left out: it is a cost and no usage. */
export function imagePage(
  buckets: readonly Bucket<ImageField>[],
  nextPage: string | null,
): Page<ImageResult> {
  return pageOf(buckets, nextPage, ({ groups }) =>
    groups
      .filter(({ sums }) => sums.requests > 0)
      .map(({ key, sums }) => ({
        object: "organization.usage.images.result",
        images: sums.pictures,
        num_model_requests: sums.requests,
        project_id: key.project_id ?? null,
        user_id: null,
        api_key_id: key.api_key_id ?? null,
        model: key.model ?? null,
        size: key.size ?? null,
        source: key.source ?? null,
      })),
  );
}
