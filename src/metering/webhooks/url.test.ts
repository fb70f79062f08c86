import { expect, it } from "vitest";
import { refusalOfUrl } from "./url.ts";

const OWN = "edge.customer.dev";

it.each([
  "https://hooks.customer.dev/vpg",
  "https://hooks.customer.dev:443/vpg?token=1",
  "https://xn--bcher-kva.ch",
])("takes %s", (url) => expect(refusalOfUrl(url, OWN)).toBeNull());

it.each([
  ["no url", "URL"],
  ["http://hooks.customer.dev", "https"],
  ["ftp://hooks.customer.dev", "https"],
  ["file:///etc/passwd", "https"],
  ["data:text/plain,hello", "https"],
  ["https://hooks.customer.dev:8443", "443"],
  ["https://hooks.customer.dev:80", "443"],
  ["https://user@hooks.customer.dev", "user"],
  ["https://:secret@hooks.customer.dev", "user"],
  ["https://hooks.customer.dev/#a", "fragment"],
  ["https://127.0.0.1", "IP"],
  ["https://8.8.8.8", "IP"],
  ["https://2130706433", "IP"],
  ["https://0x7f.1", "IP"],
  ["https://017700000001", "IP"],
  ["https://127.1", "IP"],
  ["https://１２７.0.0.1", "IP"],
  ["https://10.0.0.8", "IP"],
  ["https://169.254.169.254/latest/meta-data", "IP"],
  ["https://[::1]", "IP"],
  ["https://[fd00::1]", "IP"],
  ["https://[::ffff:127.0.0.1]", "IP"],
  ["https://localhost", "public"],
  ["https://localhost.", "public"],
  ["https://LOCALHOST", "public"],
  ["https://a.localhost", "public"],
  ["https://printer.local", "public"],
  ["https://metadata.google.internal", "public"],
  ["https://router.lan", "public"],
  ["https://intranet", "public"],
  ["https://1.0.0.127.in-addr.arpa", "public"],
  ["https://hooks.customer.dev.", "public"],
  ["https://hidden.onion", "public"],
  ["https://a.test", "public"],
  [`https://${OWN}/v1/keys`, "itself"],
  [`https://hooks.customer.dev/${"a".repeat(2048)}`, "2048"],
])("refuses %s", (url, why) => expect(refusalOfUrl(url, OWN)).toContain(why));
