/** Arbitrary tensors, messages and ways in which a body can arrive. */
import fc from "fast-check";
import { bytesTensor } from "../../adapters/oip/bytes.ts";
import { elementBytes, type FixedDatatype } from "../../adapters/oip/datatype.ts";
import type { Pieces } from "../../adapters/oip/pieces.ts";
import { rawTensor, type Tensor } from "../../adapters/oip/tensor.ts";

const shape = fc.array(fc.nat(4), { maxLength: 4 });
const countOf = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);
const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

function fixed(name: string): fc.Arbitrary<Tensor> {
  const datatypes = Object.keys(elementBytes) as FixedDatatype[];
  return fc
    .tuple(fc.constantFrom(...datatypes), shape)
    .chain(([datatype, sizes]) =>
      exactly(countOf(sizes) * elementBytes[datatype]).map((data) => rawTensor(name, datatype, sizes, data)),
    );
}

function variable(name: string): fc.Arbitrary<Tensor> {
  const element = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.string({ unit: "grapheme", maxLength: 10 }));
  return shape.chain((sizes) =>
    fc
      .array(element, { minLength: countOf(sizes), maxLength: countOf(sizes) })
      .map((values) => bytesTensor(name, sizes, values)),
  );
}

/** Up to five tensors of any datatype, with names of any characters, none twice. */
export const tensors: fc.Arbitrary<Tensor[]> = fc
  .uniqueArray(fc.string({ unit: "grapheme", maxLength: 8 }), { maxLength: 5 })
  .chain((names) => fc.tuple(...names.map((name) => fc.oneof(fixed(name), variable(name)))));

/** `parameters` as OIP has them; JSON has no -0. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
export const parameters = fc.dictionary(
  fc.string({ maxLength: 8 }).filter((key) => key !== "__proto__"),
  fc.oneof(fc.string(), fc.boolean(), fc.integer(), number),
  { maxKeys: 4, noNullPrototype: true },
);

/** Sizes of the pieces in which a body arrives, used again from the start when they run out; zeros are empty pieces. */
export const boundaries = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }) }, fc.constant(0)), {
    minLength: 1,
  })
  .filter((sizes) => sizes.some((size) => size > 0));

/**
 * @param body a whole body
 * @param sizes see `boundaries`
 * @returns the body cut at those sizes
 */
export function cutAt(body: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < body.byteLength; i++) {
    const end = at + sizes[i % sizes.length]!;
    pieces.push(body.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** @returns a body that arrives in those pieces, one a read */
export function arriving(body: Uint8Array, sizes: readonly number[]): ReadableStream<Uint8Array> {
  const pieces = cutAt(body, sizes)[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

/** Pieces from a list, which remember how many bytes were taken and whether they were closed. */
export class ListedPieces implements Pieces {
  taken = 0;
  closed = false;
  readonly #pieces: Iterator<Uint8Array>;

  constructor(pieces: Iterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  async next(): Promise<Uint8Array | null> {
    if (this.closed) return null;
    const next = this.#pieces.next();
    if (next.done) return null;
    this.taken += next.value.byteLength;
    return next.value;
  }

  cancel(): void {
    this.closed = true;
  }
}
