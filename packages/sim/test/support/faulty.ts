/**
 * Faulty machines: the real one with one fault planted, to see whether the checkers notice.
 */
import { MpregError } from "@mpreg/core/base";
import { type NodeEffects, type NodeInput, NodeMachine, type NodeSize } from "@mpreg/core/node";
import { FrameReader, type Message, TextCache, defaultWireLimits } from "@mpreg/core/wire";
import { codec } from "../../src/capabilities/codec.js";
import { utf8 } from "../../src/capabilities/utf8.js";
import type { CreateMachine } from "../../src/index.js";

export interface Fault {
  /** Changes what the machine does. */
  readonly effects?: (effects: NodeEffects) => Partial<NodeEffects>;
  /** Changes what reaches the machine; undefined: nothing does. */
  readonly input?: (input: NodeInput) => NodeInput | undefined;
  readonly size?: (size: NodeSize) => NodeSize;
  /** How many times slower its clock goes. */
  readonly slowness?: number;
}

/** Makes machines with the fault, which begins with the `from`-th input. */
export function withFault(fault: Fault, from = 60): CreateMachine {
  return (options, capabilities, effects) => {
    let inputs = 0;
    const planted = fault.effects?.(effects) ?? {};
    const isOn = (): boolean => inputs >= from;
    const faultyEffects = { ...effects, ...planted };
    // whichever applies when the effect is wanted
    const effectsFor = new Proxy(effects, {
      get: (_target, name: keyof NodeEffects) => (isOn() ? faultyEffects[name] : effects[name]),
    });
    const machine = new NodeMachine(options, capabilities, effectsFor);
    const { slowness = 1 } = fault;
    return {
      id: machine.id,
      get nextDueMs() {
        return machine.nextDueMs * slowness;
      },
      get size() {
        return isOn() && fault.size !== undefined ? fault.size(machine.size) : machine.size;
      },
      handle: (input, nowMs) => {
        inputs += 1;
        const changed = isOn() && fault.input !== undefined ? fault.input(input) : input;
        if (changed !== undefined) machine.handle(changed, nowMs / slowness);
      },
      flush: (nowMs) => {
        machine.flush(nowMs / slowness);
      },
      isOffered: (fun) => machine.isOffered(fun),
      inspect: (subject, nowMs) => machine.inspect(subject, nowMs),
    };
  };
}

/** True for a frame that holds answers and nothing else; those of `kinds`. */
export function isAnswer(frame: Uint8Array, ...kinds: readonly Message["kind"][]): boolean {
  const reader = new FrameReader(new TextCache(utf8), defaultWireLimits);
  reader.open(frame);
  for (let message = reader.next(); message !== undefined; message = reader.next()) {
    if (!kinds.includes(message.kind)) return false;
  }
  return true;
}

export const nothing: Uint8Array = codec.encode(null, "null");

/** The same failure, told to be safe to repeat. */
export function belittled(error: MpregError): MpregError {
  return new MpregError(error.code, error.message, { outcome: "not-applied" });
}
