/** An SQS door over naive queues, and unmodified clients of it. */
import { SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import { onTestFinished } from "vitest";
import { NaiveQueues } from "../../../core/test/support/naive-queues.js";
import { type SqsOptions, resolveSqs } from "../../src/sqs/options.js";
import { type RunningSqs, type SqsParts, startSqs } from "../../src/sqs/start.js";

export interface Started {
  readonly url: string;
  readonly door: RunningSqs;
  readonly queues: NaiveQueues;
  /** What has failed that callers are not told. */
  readonly failures: unknown[];
  /** Lets time go on, for the queues. */
  readonly advance: (ms: number) => void;
  readonly client: SQSClient;
}

export const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

const startMs = 1_760_000_000_000;

export async function startSqsDoor(options: Partial<SqsOptions> = {}, parts: Partial<SqsParts> = {}): Promise<Started> {
  let nowMs = startMs;
  const queues = new NaiveQueues(nowMs);
  const failures: unknown[] = [];
  const door = await startSqs({
    backend: queues,
    sqs: resolveSqs({ port: 0, ...options }, "127.0.0.1"),
    tls: undefined,
    insecure: false,
    handshakeTimeoutMs: 10_000,
    allowedOrigins: [],
    allowedHosts: [],
    failed: (_action, error) => {
      failures.push(error);
    },
    ...parts,
  });
  onTestFinished(() => door.close());
  const advance = (ms: number): void => {
    nowMs += ms;
    queues.tick(nowMs);
  };
  return { url: door.url, door, queues, failures, advance, client: clientOf(door.url) };
}

/** An unmodified client; only its endpoint is ours. */
export function clientOf(endpoint: string, config: SQSClientConfig = {}): SQSClient {
  const client = new SQSClient({ endpoint, region: "eu-central-1", credentials, maxAttempts: 1, ...config });
  onTestFinished(() => {
    client.destroy();
  });
  return client;
}
