/** Vectors of arithmetic: how a pair is mixed and what the exponential is, to the bit. */
import { exponential } from "../../kernels/edge/exponential.ts";
import { decodeHalf, mix } from "../../kernels/edge/reference.ts";
import { float32, float64, hex } from "./hex.ts";

/** [g, c, z] of FP16 pairs, subnormals among them, at many strengths and temperatures. */
export function mixingVectors(): unknown {
  const halves = [
    0x0000, 0x8000, 0x0001, 0x8001, 0x0003, 0x03ff, 0x83ff, 0x0400, 0x2e66, 0xae66, 0x3555, 0x3c00, 0xbc01,
    0xc248, 0xc9b5, 0xd3ff, 0x7bff, 0xfbff,
  ];
  const pairs = halves.flatMap((g) =>
    halves.filter((c) => (g * 31 + c) % 3 !== 0).map((c) => [g, c] as const),
  );
  const settings = [
    [0, 1],
    [1.5, 1],
    [3, 1],
    [0.2, 0.5],
    [0.1, 0.7],
    [-0.3, 1.3],
    [2.4, 0.4],
    [1e34, 1],
    [1e-40, 1],
    [0.25, 1e-36],
    [3, 1e30],
  ];
  return settings.map(([lambda, temperature]) => ({
    lambda: float32(lambda!),
    temperature: float32(temperature!),
    pairs: pairs.map(([g, c]) => {
      const z = mix(decodeHalf(g), decodeHalf(c), { lambda: lambda!, temperature: temperature! });
      return [hex(g, 4), hex(c, 4), float32(z)];
    }),
  }));
}

/** The polynomial's bits. */
export function exponentialVectors(): unknown {
  const inputs = [
    0,
    -0.1,
    -0.34657359,
    -0.3465736,
    -0.5,
    -1,
    -Math.LN2,
    -2.5,
    -7.75,
    -16,
    -31.00390625,
    -63.9375,
    -64,
    -700,
  ];
  return [...inputs, 0.25, 1, 5.5, 63.5, 64].map((x) => ({ x: float64(x), y: float64(exponential(x)) }));
}
