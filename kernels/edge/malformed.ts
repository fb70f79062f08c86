/** A row of logits that the contract does not allow: the endpoint's fault, never a picture. */

/** What was found, at the first place of the row where something was. */
export type Malformation = "nan" | "infinite" | "half-masked" | "masked-bit" | "empty" | "masked-candidate";

const TEXT: Record<Malformation, string> = {
  nan: "a logit is not a number",
  infinite: "a logit is plus infinity",
  "half-masked": "a token is masked in one row of the pair only",
  "masked-bit": "a bit's log-odds are minus infinity",
  empty: "every token is masked",
  "masked-candidate": "a candidate is masked",
};

/** Thrown for a malformed row; the sampler that met it is dead. */
export class MalformedRow extends Error {
  override readonly name = "MalformedRow";
  readonly malformation: Malformation;
  /** Position of the token within the step whose row, or pair of rows, it is. */
  readonly row: number;

  constructor(malformation: Malformation, row: number) {
    super(`row ${row}: ${TEXT[malformation]}`);
    this.malformation = malformation;
    this.row = row;
  }
}
