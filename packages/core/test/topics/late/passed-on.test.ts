/** A node that is to pass a question for a backlog on. */
import { expect, test } from "vitest";
import { nodeIdOf } from "../../../src/link/index.js";
import { writeBacklogAsk } from "../../../src/wire/index.js";
import { network } from "../../support/network.js";
import { signerOf } from "../../support/signer.js";

test("passes on only what whoever asks it asks for itself: for another one nobody is asked, and nothing answered (K7)", () => {
  const { mesh, node } = network("acx", "ac cx");
  const liar = mesh.client(node("c"), { node: "liar" });
  mesh.settle();
  const signer = signerOf("liar");
  const ask = (id: number, origin: string): void => {
    liar.say(id, (writer) => {
      writeBacklogAsk(writer, {
        id,
        patterns: ["s"],
        replay: { kind: "age", value: 1_000 },
        boot: 1,
        version: 1,
        filter: undefined,
        keptFilter: undefined,
        from: undefined,
        until: undefined,
        behalf: undefined,
        relay: { target: node("x").id, origin },
      });
    });
  };
  const answered = (id: number): boolean => liar.heard.some((message) => "id" in message && message.id === id);
  ask(77, node("a").id);
  ask(78, nodeIdOf(signer.publicKey, signer));
  mesh.advance(3_000);
  expect([answered(77), answered(78)]).toEqual([false, true]);
});
