/** An answer read while it arrives: the header checked against what was asked, small tensors whole, the last one as a stream. */
import { prefixBytes } from "./bytes.ts";
import { type Datatype, elementCount, sameShape } from "./datatype.ts";
import { headerLengthField } from "./frame.ts";
import { parseHeader, parseHeaderLength, parseId, parseSections, type Section } from "./header.ts";
import { leavable } from "./leave.ts";
import { Malformed, shown } from "./malformed.ts";
import { ByteReader, type Pieces } from "./pieces.ts";
import { scanHeader } from "./scan.ts";
import type { Tensor } from "./tensor.ts";

/** An output as it was asked for. */
export interface Asked {
  readonly name: string;
  readonly datatype: Datatype;
  /** `null`: a size that only the server knows, the same wherever it stands. */
  readonly shape: readonly (number | null)[];
  /** The most bytes its section may take, where only the server knows its size. */
  readonly most?: number;
}

/** Reads the tensors of an answer in the order they were asked for. */
export interface OpenResponse {
  /**
   * @returns the elements of the next tensor, which is a BYTES one
   * @throws Malformed when its lengths do not add up, or the body ends
   */
  bytes(): Promise<Uint8Array[]>;
  /**
   * @returns the next tensor, which is one of fixed width, whole
   * @throws Malformed when the body ends
   */
  tensor(): Promise<Tensor>;
  /**
   * @returns the last tensor's bytes in pieces of any size while they arrive; leaving early closes the body.
   *   Ends after exactly the announced bytes, when the body has ended too, or throws Malformed
   */
  stream(): AsyncIterableIterator<Uint8Array>;
  /** @throws Malformed when the body goes on */
  end(): Promise<void>;
}

/**
 * Reads and checks the header of an answer. Memory stays within the caps whatever the header says: header
 * 64 KiB, each tensor that is read whole its `most` or its shape, all else passes through.
 *
 * @param headers the answer's HTTP headers
 * @param pieces its body, decoded
 * @param asked the outputs in the order they were asked for
 * @param id the request's id; an answer that echoes another is not ours
 * @param unframed whether the header's length may be missing: its end is where its JSON ends then
 * @returns a reader that stands at the first tensor
 * @throws Malformed when header and question differ, and whatever the body throws; the body is closed then
 */
export async function openResponse(
  headers: Headers,
  pieces: Pieces,
  asked: readonly Asked[],
  id: string,
  unframed = false,
): Promise<OpenResponse> {
  const reader = new ByteReader(pieces);
  return await orClosed(reader, async () => {
    const announced = headers.get(headerLengthField);
    const bytes =
      announced === null && unframed
        ? await scanHeader(reader)
        : await reader.exactly(parseHeaderLength(announced), "header");
    const length = bytes.byteLength;
    const header = parseHeader(bytes);
    const echoed = parseId(header.id);
    if (echoed !== null && echoed !== id) throw new Malformed(`answers ${shown(echoed)}, not ${shown(id)}`);
    const sections = parseSections(header.outputs, "outputs");
    checkSections(sections, asked);
    checkLength(
      headers,
      sections.reduce((sum, section) => sum + section.size, length),
    );
    return readerOf(reader, sections);
  });
}

/** Nobody reads on behind an error. */
async function orClosed<T>(reader: ByteReader, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    reader.cancel();
    throw error;
  }
}

function checkSections(sections: readonly Section[], asked: readonly Asked[]): void {
  const names = sections.map((section) => section.name);
  if (names.length !== asked.length || asked.some((output, i) => output.name !== names[i])) {
    throw new Malformed(
      `outputs ${shown(names)} where ${shown(asked.map((output) => output.name))} were asked for`,
    );
  }
  const free = freeSize(sections, asked);
  for (const [i, { name, datatype, shape: known, most }] of asked.entries()) {
    const shape = known.map((size) => size ?? free);
    const section = sections[i]!;
    if (section.datatype !== datatype) throw new Malformed(`${name}: ${section.datatype}, not ${datatype}`);
    if (!sameShape(section.shape, shape)) {
      throw new Malformed(`${name}: shape ${shown(section.shape)}, not ${shown(shape)}`);
    }
    if (most !== undefined && section.size > most)
      throw new Malformed(`${name}: ${section.size} bytes, over ${most}`);
  }
}

/** What the server says where nothing else does. */
function freeSize(sections: readonly Section[], asked: readonly Asked[]): number {
  const i = asked.findIndex(({ shape }) => shape.includes(null));
  return i < 0 ? 0 : (sections[i]!.shape[asked[i]!.shape.indexOf(null)] ?? 0);
}

function checkLength(headers: Headers, expected: number): void {
  const length = lengthOf(headers);
  if (length !== null && length !== expected) {
    throw new Malformed(`a body of ${shown(headers.get("content-length"))} bytes, announced ${expected}`);
  }
}

/**
 * With a Content-Encoding, Content-Length counts the encoded bytes and stays visible: it says nothing then.
 *
 * @param headers an answer's
 * @returns the bytes its body is said to have; null where nothing is said, not a number where nonsense is
 */
export function lengthOf(headers: Headers): number | null {
  const length = headers.get("content-length");
  const encoding = headers.get("content-encoding") ?? "identity";
  return length === null || encoding !== "identity" ? null : Number(length);
}

function readerOf(reader: ByteReader, sections: readonly Section[]): OpenResponse {
  const left = [...sections];
  const take = () => {
    const section = left.shift();
    if (section === undefined) throw new Malformed("no tensor is left");
    return section;
  };
  return {
    bytes: () => orClosed(reader, async () => await readElements(reader, take())),
    tensor: () =>
      orClosed(reader, async () => {
        const { size, ...section } = take();
        return { ...section, data: await reader.exactly(size, section.name) };
      }),
    stream: () => leavable(passOn(reader, take()), () => reader.cancel()),
    end: () => orClosed(reader, () => reader.end()),
  };
}

async function readElements(reader: ByteReader, section: Section): Promise<Uint8Array[]> {
  const { name } = section;
  const elements: Uint8Array[] = [];
  let remaining = section.size;
  for (let after = elementCount(section.shape) - 1; after >= 0; after--) {
    const room = remaining - prefixBytes - after * prefixBytes;
    if (room < 0) throw new Malformed(`${name}: too few bytes for its elements`);
    const prefix = await reader.exactly(prefixBytes, name);
    const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(0, true);
    if (length > room) throw new Malformed(`${name}: an element of ${length} bytes where ${room} are left`);
    elements.push(await reader.exactly(length, name));
    remaining -= prefixBytes + length;
  }
  if (remaining !== 0) throw new Malformed(`${name}: ${remaining} bytes after its last element`);
  return elements;
}

async function* passOn(reader: ByteReader, section: Section): AsyncGenerator<Uint8Array, void> {
  let whole = false;
  try {
    for (let remaining = section.size; remaining > 0; ) {
      const piece = await reader.some(remaining);
      if (piece === null) throw new Malformed(`${section.name}: the body ends ${remaining} bytes early`);
      remaining -= piece.byteLength;
      yield piece;
    }
    await reader.end();
    whole = true;
  } finally {
    if (!whole) reader.cancel();
  }
}
