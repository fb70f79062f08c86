/** A request this endpoint will not serve: an HTTP status and a message that names the field. */

/** Answered as `{"error": message}`; nothing else of the request is answered. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: 400 | 404 | 405 | 413 | 503;

  constructor(status: 400 | 404 | 405 | 413 | 503, message: string) {
    super(message);
    this.status = status;
  }
}

/** @returns a 400 about one field */
export function badField(field: string, problem: string): Refused {
  return new Refused(400, `${field}: ${problem}`);
}
