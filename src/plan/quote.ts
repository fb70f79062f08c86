/** What a caller sent, in a refusal's words. */

/** In quotation marks, cut to what a reader needs to find it again. */
export const quote = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
