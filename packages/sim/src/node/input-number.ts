/** What an input is about, as a number: for the trace. */
import type { NodeInput } from "@mpreg/core/node";

/** The link, attempt, ticket or invocation an input is about. */
export function numberOf(input: NodeInput): number {
  switch (input.kind) {
    case "link-opened":
    case "link-bytes":
    case "link-writable":
    case "link-closed":
      return input.link;
    case "dial-failed":
      return input.attempt;
    case "invoked":
    case "opened":
    case "made":
      return input.id;
    case "progress":
      return input.invocation.id;
    case "read":
    case "leave":
      return input.reader;
    case "ask":
    case "withdraw":
      return input.ticket;
    case "publish":
    case "subscribe":
    case "unsubscribe":
    case "taken":
    case "part":
      return input.participant.id;
    case "everywhere":
    case "leave-everywhere":
    case "register":
    case "unregister":
    case "seeds":
    case "persisted":
    case "store-refused":
    case "store-frozen":
    case "start":
    case "drain":
    case "tick":
    case "close":
      return 0;
  }
}
