/** A DNS server on loopback that answers SRV questions, and in which things go wrong on demand. */
import { createSocket } from "node:dgram";
import { RECURSION_AVAILABLE, decode, encode } from "dns-packet";
import { onTestFinished } from "vitest";

export interface SrvTarget {
  readonly target: string;
  readonly port: number;
  readonly priority?: number;
}

export type Zone =
  | { readonly kind: "records"; readonly records: readonly SrvTarget[] }
  | { readonly kind: "no-such-name" }
  | { readonly kind: "failing" }
  | { readonly kind: "silent" };

export interface DnsServer {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** Questions that arrived so far, by name. */
  readonly questions: readonly string[];
  /** What is answered from now on. */
  zone: Zone;
}

const codes = { records: 0, failing: 2, "no-such-name": 3 } as const;

export async function startDnsServer(...records: readonly SrvTarget[]): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const questions: string[] = [];
  await new Promise<void>((resolve) => {
    socket.bind(0, "127.0.0.1", resolve);
  });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        socket.close(() => {
          resolve();
        });
      }),
  );
  const server: DnsServer & { zone: Zone } = {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    zone: { kind: "records", records },
  };
  socket.on("message", (bytes, from) => {
    const query = decode(bytes);
    const [question] = query.questions ?? [];
    const { zone } = server;
    if (question === undefined) return;
    questions.push(question.name);
    if (zone.kind === "silent") return;
    const answers = zone.kind === "records" ? zone.records : [];
    const reply = encode({
      type: "response",
      id: query.id,
      flags: RECURSION_AVAILABLE | codes[zone.kind],
      questions: [question],
      answers: answers.map(({ target, port, priority = 0 }) => {
        return { name: question.name, type: "SRV", ttl: 0, data: { target, port, priority, weight: 0 } };
      }),
    });
    socket.send(reply, from.port, from.address);
  });
  return server;
}
