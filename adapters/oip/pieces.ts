/** Exact amounts out of a body that arrives in pieces of any size, holding one piece and what was asked for. */
import { Malformed } from "./malformed.ts";

/** A body as its pieces, and a way to say that the rest is not wanted. */
export interface Pieces {
  /** The next piece, null after the last. */
  next(): Promise<Uint8Array | null>;
  /** Closes the body; a `next` under way settles. */
  cancel(): void;
}

/** A network never gives empty pieces without end; a stream that does must not keep us from our own timers. */
const maxEmptyPieces = 1000;

/**
 * Memory is taken as bytes arrive, not because a header says so: a little, then more, then all of it at once
 * (growing by doubling would hold half as much again on its last step, and a Worker has 128 MB).
 */
const growth = [64 * 1024, 1024 * 1024] as const;

/** workerd hands out 4 KiB at a time unless it is given room for more: a little at first, more where it is filled, less where it is not. */
const room = [4 * 1024, 64 * 1024] as const;

interface BodyRead {
  readonly done: boolean;
  readonly value?: Uint8Array | undefined;
}

/** A reader as the platforms have it: the types of Workers do not know of `min`. */
interface BodyReader {
  read(room: Uint8Array, options?: { readonly min: number }): Promise<BodyRead>;
}

/**
 * @param stream a body; null reads as an empty one
 * @param length how many bytes it is said to have; null: nobody says
 * @returns its pieces
 */
export function piecesOf(stream: ReadableStream<Uint8Array> | null, length: number | null = null): Pieces {
  if (stream === null) return { next: () => Promise.resolve(null), cancel: () => {} };
  const { reader, read } = opened(stream, length);
  return {
    next: async () => {
      const { done, value } = await read();
      return done ? null : (value as Uint8Array);
    },
    // A body that is broken already refuses to be cancelled: whoever reads it learns why.
    cancel: () => void reader.cancel().catch(() => {}),
  };
}

/** A stream that is none of bytes, such as a test makes, gives its pieces as they are. */
function opened(stream: ReadableStream<Uint8Array>, length: number | null) {
  try {
    const reader = stream.getReader({ mode: "byob" });
    const body = reader as BodyReader;
    return { reader, read: length === null ? readFreely(body) : readKnown(body, length) };
  } catch {
    const reader = stream.getReader();
    return { reader, read: () => reader.read() };
  }
}

function readFreely(reader: BodyReader): () => Promise<BodyRead> {
  let size: number = room[0];
  return async () => {
    const given = await reader.read(new Uint8Array(size));
    const filled = given.value?.byteLength ?? 0;
    if (filled === size) size = Math.min(4 * size, room[1]);
    else if (filled < size / 4) size = Math.max(size / 4, room[0]);
    return given;
  };
}

/** First what has come, and from then on as much as there is room for: each read costs, however little it brings. */
function readKnown(reader: BodyReader, length: number): () => Promise<BodyRead> {
  let read = 0;
  return async () => {
    // Beyond what it is said to have, one: there it ends, or goes on.
    const size = Math.max(1, Math.min(length - read, room[1]));
    const given = await reader.read(new Uint8Array(size), { min: read === 0 ? 1 : size });
    read += given.value?.byteLength ?? 0;
    return given;
  };
}

export class ByteReader {
  readonly #pieces: Pieces;
  #held = new Uint8Array(0) as Uint8Array;

  /** @param pieces the body, read by this reader alone from now on */
  constructor(pieces: Pieces) {
    this.#pieces = pieces;
  }

  /**
   * @param most the most bytes wanted, at least 1
   * @returns between 1 and `most` bytes, without a copy, or null at the body's end
   * @throws Malformed on what is no piece of bytes, and whatever the body throws
   */
  async some(most: number): Promise<Uint8Array | null> {
    for (let empty = 0; this.#held.byteLength === 0; empty++) {
      const piece = await this.#pieces.next();
      if (piece === null) return null;
      if (!(piece instanceof Uint8Array)) throw new Malformed("the body is not made of bytes");
      if (empty === maxEmptyPieces) throw new Malformed("the body is made of empty pieces");
      this.#held = piece;
    }
    const taken = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(taken.byteLength);
    return taken;
  }

  /**
   * @param length how many bytes; the caller has checked it against a cap
   * @param what their name in the message
   * @returns exactly that many, in memory of their own
   * @throws Malformed when the body ends before, and whatever the body throws
   */
  async exactly(length: number, what: string): Promise<Uint8Array> {
    let bytes = new Uint8Array(Math.min(length, growth[0]));
    let filled = 0;
    while (filled < length) {
      const piece = await this.some(length - filled);
      if (piece === null) throw new Malformed(`${what}: the body ends after ${filled} of ${length} bytes`);
      const needed = filled + piece.byteLength;
      if (needed > bytes.byteLength) {
        const grown = new Uint8Array(needed > growth[1] ? length : Math.min(length, growth[1]));
        grown.set(bytes.subarray(0, filled));
        bytes = grown;
      }
      bytes.set(piece, filled);
      filled = needed;
    }
    return bytes;
  }

  /** @throws Malformed when the body goes on */
  async end(): Promise<void> {
    if ((await this.some(1)) !== null) throw new Malformed("the body goes on after its last tensor");
  }

  /** Closes the body. */
  cancel(): void {
    this.#held = new Uint8Array(0);
    this.#pieces.cancel();
  }
}
