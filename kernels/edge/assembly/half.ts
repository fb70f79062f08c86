/** FP16 to float32, exactly, subnormals and signed zeros included; infinities and NaN are the caller's to catch. */

/** Bits of a half that say how large it is; anything above MAX_FINITE there is an infinity or a NaN. */
const MAGNITUDE: u32 = 0x7fff;
const MAX_FINITE: u32 = 0x7bff;
export const PLUS_INFINITY: u32 = 0x7c00;
export const MINUS_INFINITY: u32 = 0xfc00;

// A half's fields, put where float32 keeps its own, make a value 2^112 too small (bias 127 - 15): one exact product.
const FIELDS: u32 = 0x8fffe000;
const REBIAS: f32 = 5192296858534827628530496329220096.0;

// The same as vectors. In memory, because engines build a vector constant from integer registers wherever it is used.
export const FIELDS_4 = memory.data<u32>([0x8fffe000, 0x8fffe000, 0x8fffe000, 0x8fffe000], 16);
export const REBIAS_4 = memory.data<u32>([0x77800000, 0x77800000, 0x77800000, 0x77800000], 16);
const MAGNITUDE_8 = memory.data<u32>([0x7fff7fff, 0x7fff7fff, 0x7fff7fff, 0x7fff7fff], 16);
const MAX_FINITE_8 = memory.data<u32>([0x7bff7bff, 0x7bff7bff, 0x7bff7bff, 0x7bff7bff], 16);

/** Four halves at an address: f32[4]; `fields` and `rebias` are the vectors above. */
// @ts-ignore: decorator
@inline
export function decodeFour(address: usize, fields: v128, rebias: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(v128.load16x4_s(address), 13), fields), rebias);
}

/** Whether any of the eight halves at each of two addresses is an infinity or a NaN. */
// @ts-ignore: decorator
@inline
export function anyNonFinite(a: usize, b: usize): bool {
  const magnitude = v128.load(MAGNITUDE_8);
  const largest = i16x8.max_s(v128.and(v128.load(a), magnitude), v128.and(v128.load(b), magnitude));
  return v128.any_true(i16x8.gt_s(largest, v128.load(MAX_FINITE_8)));
}

/** One half. */
// @ts-ignore: decorator
@inline
export function decodeOne(half: u32): f32 {
  return reinterpret<f32>((<u32>(<i32>(<i16>half)) << 13) & FIELDS) * REBIAS;
}

// @ts-ignore: decorator
@inline
export function isFinite(half: u32): bool {
  return (half & MAGNITUDE) <= MAX_FINITE;
}

// @ts-ignore: decorator
@inline
export function isNaN(half: u32): bool {
  return (half & MAGNITUDE) > PLUS_INFINITY;
}
