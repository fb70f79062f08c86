/** What an MP4 file says of its one video, read from its boxes (ISO/IEC 14496-12) and nothing else. */

interface Box {
  readonly type: string;
  /** Without its header. */
  readonly body: DataView;
}

export interface Video {
  readonly width: number;
  readonly height: number;
  /** Samples in the table of sizes (`stsz`). */
  readonly frames: number;
  /** By the media header (`mdhd`). */
  readonly seconds: number;
  /** Bytes of `mdat`, and of all samples together. */
  readonly bytes: { readonly data: number; readonly samples: number };
}

/**
 * @param file a whole MP4 file with one track
 * @throws Error naming the box that is missing or broken
 */
export function readMp4(file: Uint8Array): Video {
  const top = boxesOf(new DataView(file.buffer, file.byteOffset, file.byteLength));
  if (top[0]?.type !== "ftyp") throw new Error(`mp4: begins with ${top[0]?.type}, not ftyp`);
  const track = inside(find(top, "moov"), "trak");
  const media = inside(track, "mdia");
  const sizes = inside(inside(inside(media, "minf"), "stbl"), "stsz");
  const head = inside(track, "tkhd");
  const fixed = head.byteLength - 8;
  const frames = sizes.getUint32(8);
  const same = sizes.getUint32(4);
  const each = Array.from({ length: frames }, (_, i) => same || sizes.getUint32(12 + 4 * i));
  return {
    width: head.getUint32(fixed) / 2 ** 16,
    height: head.getUint32(fixed + 4) / 2 ** 16,
    frames,
    seconds: secondsOf(inside(media, "mdhd")),
    bytes: {
      data: find(top, "mdat").byteLength,
      samples: each.reduce((sum, size) => sum + size, 0),
    },
  };
}

function boxesOf(bytes: DataView): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const short = bytes.getUint32(at);
    const header = short === 1 ? 16 : 8;
    const size = short === 1 ? Number(bytes.getBigUint64(at + 8)) : short || bytes.byteLength - at;
    if (size < header || at + size > bytes.byteLength)
      throw new Error(`mp4: a box of ${size} bytes at ${at}`);
    const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => bytes.getUint8(at + i)));
    boxes.push({ type, body: new DataView(bytes.buffer, bytes.byteOffset + at + header, size - header) });
    at += size;
  }
  return boxes;
}

function find(boxes: readonly Box[], type: string): DataView {
  const found = boxes.filter((box) => box.type === type);
  if (found.length !== 1) throw new Error(`mp4: ${found.length} boxes of type ${type}`);
  return found[0]!.body;
}

const inside = (bytes: DataView, type: string) => find(boxesOf(bytes), type);

/** Duration over time scale; version 1 has both times and the duration in 64 bits. */
function secondsOf(mdhd: DataView): number {
  const long = mdhd.getUint8(0) === 1;
  const scale = mdhd.getUint32(long ? 20 : 12);
  return (long ? Number(mdhd.getBigUint64(24)) : mdhd.getUint32(16)) / scale;
}
