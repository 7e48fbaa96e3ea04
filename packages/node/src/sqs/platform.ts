/** Platform: what the SQS door needs of Node: digests and base64. */
import { hash } from "node:crypto";
import type { SqsPlatform } from "@mpreg/core/doors";
import { utf8 } from "../capabilities.js";

/** Digits in fours, and padding where it is due (RFC 4648 §4); `Buffer` takes anything. */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const sqsPlatform: SqsPlatform = {
  utf8,
  md5: (bytes) => hash("md5", bytes, "hex"),
  sha256: (bytes) => hash("sha256", bytes, "hex"),
  toBase64: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"),
  fromBase64: (text) => (base64.test(text) ? Buffer.from(text, "base64") : undefined),
};
