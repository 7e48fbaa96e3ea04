/**
 * Policy: the one place where "may they?" is decided.
 *
 * Every domain asks the same `decide(subject, action, object)`. The subject is the authenticated link; work that a
 * node relays carries the one it works for in `onBehalfOf`, set by the node that authenticated the client.
 *
 * (P1) Nothing is accepted, dialled, recorded or called without a decision.
 * (P2) A policy that throws, or that answers something else than a decision, has refused; the node goes on.
 */

/** Who asks: the far side of a link, or this node itself. */
export type Subject =
  | { readonly kind: "self" }
  | {
      readonly kind: "client";
      /** Remote address as the transport tells it, e.g. `127.0.0.1`. */
      readonly address: string;
      /** Opaque credentials of the handshake; user authentication will read them. */
      readonly credentials: Uint8Array | undefined;
      /** Name of the node that authenticated the client, where the work was relayed. */
      readonly via: string | undefined;
      /** What a client of another protocol has said of itself. */
      readonly login?: DoorLogin | undefined;
    }
  | {
      readonly kind: "node";
      readonly address: string;
      readonly nodeId: string;
      readonly name: string;
      readonly cluster: string;
    };

/** Who a client of another protocol is, or says that it is. */
export type DoorLogin = MqttLogin | SqsLogin;

/** What an MQTT client says of itself; nothing has checked it. */
export interface MqttLogin {
  readonly door: "mqtt";
  /** The identifier it has chosen, or was given. */
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
}

/** With which access key a client of Amazon SQS has signed its request. */
export interface SqsLogin {
  readonly door: "sqs";
  /** `undefined` where the request names none. */
  readonly accessKeyId: string | undefined;
  /** Whether the door has keys, and has checked the signature. Where it has none, anybody can name any key. */
  readonly signed: boolean;
  /** What the options of the door say of the key. */
  readonly name: string | undefined;
  readonly roles: readonly string[];
}

/** What is asked for, with the object it is asked about. */
export type Action =
  | { readonly kind: "accept"; readonly role: "client" | "node"; readonly cluster: string }
  | { readonly kind: "dial"; readonly url: string }
  | { readonly kind: "catalog"; readonly fun: string; readonly resources: readonly string[] }
  | { readonly kind: "call"; readonly fun: string; readonly onBehalfOf: Subject | undefined }
  /** What becomes of a request that somebody else has asked for; with its intermediate results or without. */
  | {
      readonly kind: "watch";
      readonly request: string;
      readonly intermediates: boolean;
      readonly onBehalfOf: Subject | undefined;
    }
  /** A message for everybody who has subscribed to `topic`. Asked for each message. */
  | { readonly kind: "publish"; readonly topic: string; readonly onBehalfOf: Subject | undefined }
  /** All messages whose topics match `pattern`, and what is kept of them. */
  | { readonly kind: "subscribe"; readonly pattern: string; readonly onBehalfOf: Subject | undefined }
  /** Which patterns are subscribed to on a node, and how much goes through them. */
  | { readonly kind: "topics"; readonly node: string; readonly onBehalfOf: Subject | undefined }
  /** Messages for a queue. */
  | { readonly kind: "send"; readonly queue: string; readonly onBehalfOf: Subject | undefined }
  /** To lease messages of a queue, and to say what has become of them. */
  | { readonly kind: "receive"; readonly queue: string; readonly onBehalfOf: Subject | undefined }
  /** To see what a queue has, and how it is doing. */
  | { readonly kind: "browse"; readonly queue: string; readonly onBehalfOf: Subject | undefined }
  /** To create, change, empty or delete a queue, and to move its dead letters. */
  | { readonly kind: "manage"; readonly queue: string; readonly onBehalfOf: Subject | undefined }
  /** An HTTP request for what the node tells of itself. `subject` is a client without credentials. */
  | { readonly kind: "observe"; readonly what: Observed };

/** Whether the process lives and takes work (`livez`, `readyz`), how its node is (`healthz`), and all its figures. */
export type Observed = "livez" | "readyz" | "healthz" | "metrics";

export type Decision = { readonly allow: true } | { readonly allow: false; readonly reason: string };

/** Decides whether `subject` may do `action`. Must be quick, synchronous and free of effects. */
export type Policy = (subject: Subject, action: Action) => Decision;

const allowed: Decision = { allow: true };

/**
 * The default policy: everybody who could open a link may call every function, list and look at every request, publish
 * to every topic that is not reserved, subscribe to all of them and see who has; nodes of another cluster may not join. Who asks from this machine sees health and metrics; from elsewhere only
 * whether the node lives and is ready, as probes do.
 *
 * That links from other machines exist at all is refused earlier, when a node listens (see the node package's
 * `listen` rules: loopback only, unless TLS or the explicit insecure option is given).
 */
export function createDefaultPolicy(options: { readonly cluster: string }): Policy {
  return (subject, action) => {
    if (action.kind === "observe") return mayObserve(subject, action.what);
    if (action.kind !== "accept" || action.role !== "node") return allowed;
    if (action.cluster === options.cluster) return allowed;
    return {
      allow: false,
      reason: `the node belongs to cluster "${action.cluster}", this one to "${options.cluster}"`,
    };
  };
}

function mayObserve(subject: Subject, what: Observed): Decision {
  if (subject.kind === "self" || what === "livez" || what === "readyz" || isLoopback(subject.address)) return allowed;
  return {
    allow: false,
    reason: `/${what} is told to this machine only, unless the node's policy allows to "observe" it`,
  };
}

/** Whether an address, as a socket or a user tells it, is this machine's own. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(host);
}

/** `policy` as the node asks it: its failures are refusals, told to `onFailure`. (P2) */
export function guardPolicy(policy: Policy, onFailure: (action: Action, error: unknown) => void): Policy {
  return (subject, action) => {
    let decision: unknown;
    try {
      decision = policy(subject, action);
    } catch (error) {
      onFailure(action, error);
      return failed;
    }
    if (isDecision(decision)) return decision;
    onFailure(action, new TypeError("a policy must answer { allow: true } or { allow: false, reason }, at once"));
    return failed;
  };
}

const failed: Decision = { allow: false, reason: "the policy of this node failed; its log says why" };

function isDecision(value: unknown): value is Decision {
  if (typeof value !== "object" || value === null || !("allow" in value)) return false;
  return value.allow === true || (value.allow === false && "reason" in value && typeof value.reason === "string");
}
