/** A user's module: functions that know nothing of what runs them. */
import { type FunctionRegistry, context, fn } from "mpreg";
import { z } from "zod";

/** What the handlers that were told to stop have seen of it, by step. */
export const stopped = new Map<string, unknown>();

async function rest(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await Promise.resolve();
}

export function register(node: FunctionRegistry): void {
  node.register("about", () => {
    const { fun, step, depth, caller, node: name, request, remainingMs, signal } = context();
    return { fun, step, depth, kind: caller.kind, node: name, request, remainingMs, aborted: signal.aborted };
  });

  node.register("steps", async (durationMs: number) => {
    const seen = [context().step];
    await context().sleep(durationMs);
    seen.push(context().step);
    await rest(30);
    seen.push(context().step);
    await Promise.all([context().call("echo", [1]), context().sleep(1)]);
    const graph = context().graph();
    await graph.run(graph.call("echo", [1]));
    return [...seen, context().step];
  });

  node.register("nested", async (values: number[]) => {
    const { call, graph, sleep } = context(); // everything can be taken out
    await sleep(1);
    const calls = graph();
    const [sum] = await calls.run([calls.call<number>("sum", [values])]);
    return [sum, await call("depth")];
  });
  node.register("sum", (values: number[]) => values.reduce((sum, value) => sum + value, 0), {
    ...fn({ input: z.array(z.number()), output: z.number() }),
  });
  node.register("depth", () => context().depth);

  node.register("long", async () => {
    const { step, signal, sleep, log } = context();
    try {
      await sleep(3_600_000);
    } catch (reason) {
      log.info({ step }, "told to stop");
      await sleep(1, { signal: null }); // to put things in order
      stopped.set(step, { sameReason: reason === signal.reason, code: (reason as { code?: unknown }).code });
    }
  });
}
