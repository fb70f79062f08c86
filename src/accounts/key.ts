/** The text of an API key: a prefix that scanners know, 190 random bits, and a checksum that catches a slip of the pen. */
import { crc32 } from "./crc32.ts";

const PREFIX = "vpge_";
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_DIGITS = 32;
const CHECK_DIGITS = 6;
const SHOWN = 12;
const PATTERN = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_DIGITS + CHECK_DIGITS}}$`);

/** How many random bytes a key is made of: 256 bits modulo 62^32 leave no digit likelier by more than 2^-65. */
export const KEY_BYTES = 32;

/**
 * A fresh key.
 * @param random `KEY_BYTES` bytes of the system's generator.
 */
export function makeKey(random: Uint8Array): string {
  const number = random.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const body = base62(number % 62n ** BigInt(RANDOM_DIGITS), RANDOM_DIGITS);
  return PREFIX + body + checksum(body);
}

/** Whether a text could be a key of ours: its form and its checksum, and no look-up. */
export function checkKey(text: string): boolean {
  if (!PATTERN.test(text)) return false;
  return text.slice(-CHECK_DIGITS) === checksum(text.slice(PREFIX.length, -CHECK_DIGITS));
}

/** The part of a key that lists show. */
export const shownPrefix = (key: string): string => key.slice(0, SHOWN);

/** CRC-32 of the random digits, as GitHub's tokens have it. */
const checksum = (body: string) => base62(BigInt(crc32(new TextEncoder().encode(body))), CHECK_DIGITS);

function base62(number: bigint, length: number): string {
  let text = "";
  for (let rest = number; text.length < length; rest /= 62n) text = DIGITS[Number(rest % 62n)]! + text;
  return text;
}
