/** The certificate of tests; see tls/README.md. */
import { readFileSync } from "node:fs";

const cert = readFileSync(new URL("tls/cert.pem", import.meta.url), "utf8");
const key = readFileSync(new URL("tls/key.pem", import.meta.url), "utf8");

/** TLS options of a node that trusts others of the same certificate. */
export const tls = { cert, key, ca: cert } as const;
