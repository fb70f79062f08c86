/** The tensors of a request by name, each checked against what the contract says of it; every complaint names the field. */
import { textValues } from "../../adapters/oip/bytes.ts";
import type { Datatype } from "../../adapters/oip/datatype.ts";
import {
  fp32Values,
  int32Values,
  type Tensor,
  uint16Values,
  uint64Values,
} from "../../adapters/oip/tensor.ts";
import { badField } from "./refused.ts";

export class Inputs {
  /** Pictures in the request. */
  readonly n: number;
  readonly #tensors: ReadonlyMap<string, Tensor>;

  /**
   * @param tensors what came
   * @param names all inputs of the model, no others may come
   * @param most the most pictures in a request
   * @throws Refused when an input is missing or unknown, or the batch is empty or too large
   */
  constructor(tensors: readonly Tensor[], names: readonly string[], most: number) {
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    for (const name of this.#tensors.keys()) {
      if (!names.includes(name)) throw badField(name, "not an input of this model");
    }
    for (const name of names) if (!this.#tensors.has(name)) throw badField(name, "missing");
    const n = tensors[0]!.shape[0] ?? 0;
    for (const { name, shape } of tensors) {
      if (shape.length !== 2 || shape[0] !== n)
        throw badField(name, `shape [${shape}], not [n, ...] with n = ${n}`);
    }
    if (n < 1 || n > most) throw badField(tensors[0]!.name, `a batch of ${n}, this model takes 1 to ${most}`);
    this.n = n;
  }

  /** INT32 [n, 1] */
  integers(name: string): Int32Array {
    return int32Values(this.#checked(name, "INT32", 1));
  }

  /** FP32 [n, width], all finite */
  floats(name: string, width: number): Float32Array[] {
    const values = fp32Values(this.#checked(name, "FP32", width));
    if (!values.every(Number.isFinite)) throw badField(name, "a value is not finite");
    return this.#rows(values, width);
  }

  /** UINT64 [n, 1] of at most 53 bits */
  seeds(name: string): number[] {
    return Array.from(uint64Values(this.#checked(name, "UINT64", 1)), (seed) => {
      if (seed > BigInt(Number.MAX_SAFE_INTEGER)) throw badField(name, `${seed} is above 2^53 - 1`);
      return Number(seed);
    });
  }

  /** UINT16 [n, any], all below the vocabulary */
  tokens(name: string, vocabulary: number): Uint16Array[] {
    const width = this.#tensors.get(name)!.shape[1]!;
    const values = uint16Values(this.#checked(name, "UINT16", width));
    const wrong = values.find((token) => token >= vocabulary);
    if (wrong !== undefined) throw badField(name, `${wrong} is not below the vocabulary, ${vocabulary}`);
    return this.#rows(values, width);
  }

  /** BYTES [n, 1], UTF-8 */
  texts(name: string): string[] {
    return textValues(this.#checked(name, "BYTES", 1));
  }

  /** BYTES [n, 1] that all say the same, one of a few */
  choice<T extends string>(name: string, choices: readonly T[]): T {
    const values = this.texts(name);
    const chosen = choices.find((choice) => choice === values[0]);
    if (chosen === undefined) {
      throw badField(
        name,
        `${JSON.stringify(values[0]?.slice(0, 40))}, not one of ${choices.map((c) => JSON.stringify(c)).join(", ")}`,
      );
    }
    if (values.some((value) => value !== chosen))
      throw badField(name, "differs between pictures of one request");
    return chosen;
  }

  #checked(name: string, datatype: Datatype, width: number): Tensor {
    const tensor = this.#tensors.get(name)!;
    if (tensor.datatype !== datatype || tensor.shape[1] !== width) {
      throw badField(name, `${tensor.datatype} [${tensor.shape}], not ${datatype} [${this.n},${width}]`);
    }
    return tensor;
  }

  #rows<T extends Float32Array | Uint16Array>(values: T, width: number): T[] {
    return Array.from({ length: this.n }, (_, i) => values.slice(i * width, (i + 1) * width) as T);
  }
}
