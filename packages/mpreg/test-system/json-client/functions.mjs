/** What the nodes of json-client.test.ts offer: each those that its name says. */
const held = new Map();

const functions = {
  entry: {
    wrap: (value) => ({ value, nested: { deep: value } }),
    fail: (reason) => {
      throw new Error(`out of paper: ${reason}`);
    },
    /** Answers its key as soon as somebody releases it. */
    hold: (key) => new Promise((resolve) => held.set(key, () => resolve(key))),
    release: (key) => {
      held.get(key)?.();
      return held.delete(key);
    },
  },
  worker: {
    name_of_a_step: () => "secret",
    train: (...args) => {
      const kwargs = typeof args.at(-1) === "object" ? args.pop() : {};
      return { args, kwargs };
    },
  },
};

export function register(node) {
  // those that are held are held all at once
  for (const [name, handler] of Object.entries(functions[node.name])) {
    node.register(name, handler, name === "hold" ? { concurrencyMax: 1_000 } : {});
  }
}
