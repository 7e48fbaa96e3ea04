/** Calls that wait at another node for an end that their first node does not keep any more, or not for them. */
import type { MpregError } from "@mpreg/core/base";
import { describe, expect, test } from "vitest";
import { byHand } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import { type MeshSession, sessionOf } from "./support/mesh-session.js";

function cut({ platform }: MeshSession): void {
  platform.sockets.at(-1)!.connection.cut();
}

describe("a call that waits at another node for what its first node has forgotten", () => {
  /** The client has gone from a to b, which asks a; then a forgets it, because another client of a has lost its link. */
  function forgotten(options: { readonly idempotent?: "yes"; readonly detached?: true }) {
    const mesh = new Mesh();
    const a = mesh.node("a", { rpc: { resumeSessionsMax: 1 } });
    const b = mesh.node("b", { peers: ["a"] });
    for (const node of [a, b]) node.offerAs("act", byHand, { idempotent: options.idempotent ?? "no" });
    mesh.advance(2_000);
    const { detached } = options;
    const [client, other] = [sessionOf(mesh, ["a", "b"]), sessionOf(mesh, ["a"])];
    const call = client.caller.call("act", [], { timeoutMs: 60_000, detached }).catch((error: unknown) => {
      const { code, outcome } = error as MpregError;
      return `${code} ${outcome}`;
    });
    mesh.settle();
    expect(a.waiting("act")).toHaveLength(1);
    a.isListening = false;
    cut(client);
    mesh.advance(30);
    expect([client.session.nodeName, b.machine.size.resuming]).toEqual(["b", 1]);
    cut(other);
    mesh.settle();
    return { mesh, a, b, call };
  }

  test("ends as lost at once, for it may have taken effect (R1, N2)", async () => {
    const { a, b, call } = forgotten({});
    expect(await call).toBe("node-lost unknown");
    expect([a.aborted, b.machine.size.resuming]).toEqual([[{ fun: "act", reason: "caller-gone" }], 0]);
  });

  test("is run again if it may run twice (R1, N2)", async () => {
    const { mesh, b, call } = forgotten({ idempotent: "yes" });
    mesh.settle();
    b.finish("act", "again");
    mesh.settle();
    expect(await call).toBe("again");
  });

  test("has its end all the same if it runs on without its client (N2)", async () => {
    const { mesh, a, call } = forgotten({ detached: true });
    expect(a.aborted).toEqual([]);
    a.finish("act", "done");
    mesh.settle();
    expect(await call).toBe("done");
    mesh.advance(70_000);
    mesh.expectQuiet();
  });
});
