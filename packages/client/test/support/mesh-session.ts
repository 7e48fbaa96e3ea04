/** A client's session in a simulated mesh. */
import type { MpregError } from "@mpreg/core/base";
import { Caller } from "@mpreg/core/rpc";
import { createCodec } from "@mpreg/core/values";
import type { Mesh } from "../../../core/test/support/mesh.js";
import { utf8 } from "../../../core/test/support/wire.js";
import { Session, type SessionOptions } from "../../src/session.js";
import type { ClientStatus } from "../../src/status.js";
import { MeshPlatform } from "./mesh-platform.js";
import { sessionOptions } from "./session-options.js";

export interface MeshSession {
  readonly platform: MeshPlatform;
  readonly session: Session;
  readonly caller: Caller;
  /** What was told of the connection, in short. */
  readonly events: string[];
}

/** A client that knows the nodes `names`, connected if one of them is there. */
export function sessionOf(mesh: Mesh, names: readonly string[], given: Partial<SessionOptions> = {}): MeshSession {
  const platform = new MeshPlatform(mesh);
  const urls = names.map((name) => `ws://${name}`);
  const session = new Session(platform, { ...sessionOptions(urls, createCodec(utf8)), ...given });
  const events: string[] = [];
  session.open(
    () => events.push("open"),
    (failures) => events.push(`failed ${failures.map(({ url, reason }) => `${url}: ${reason}`).join(", ")}`),
  );
  mesh.settle();
  return { platform, session, caller: new Caller(session), events };
}

/** What a status iterator has told so far, and what comes. */
export function follow({ session }: MeshSession): string[] {
  const told: string[] = [];
  const tell = async (): Promise<void> => {
    for await (const event of session.status.read()) told.push(brief(event));
    told.push("end");
  };
  void tell();
  return told;
}

function brief(event: ClientStatus): string {
  if (!("url" in event) && event.kind !== "connecting") return event.kind;
  if (event.kind === "connecting") return `connecting ${event.attempt}: ${event.urls.join(" ")}`;
  if (event.kind === "disconnected") return `disconnected ${event.url} ${event.reason.code}`;
  return `${event.kind} ${event.url}`;
}

/** Lets promises settle that what has happened in the mesh has resolved. */
export async function settled(mesh: Mesh): Promise<void> {
  mesh.settle();
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  mesh.settle();
}

/** What has become of a promise so far. */
export function followed(promise: Promise<unknown>): { end: unknown } {
  const seen: { end: unknown } = { end: "none" };
  promise.then(
    (value) => (seen.end = value),
    (error: unknown) => {
      const { code, outcome, message } = error as MpregError;
      seen.end = [code, outcome, message];
    },
  );
  return seen;
}
