/**
 * Function table: the functions of one node, by name and version, and what may be registered at all.
 *
 * (F1) A name is registered once for each version, and once without; only its own registration, or its name, takes it away.
 * (F2) `implement` registers all functions of a contract or none.
 * (F3) There are never more functions than other nodes accept of one node, and what they are told of them is never longer
 *      than a message that this node would accept itself: nodes are told of all of them in one.
 */
import {
  type Contract,
  type Idempotent,
  type InputSchemas,
  MpregError,
  type Semver,
  type StandardSchema,
  checkOptions,
  isBuiltInName,
  isIdempotent,
  isSchema,
  optionNames,
  quoted,
  versionForm,
} from "../base/index.js";
import { utf8Length } from "../values/index.js";
import {
  type Idempotence,
  type OfferRecord,
  type OfferScope,
  defaultWireLimits,
  offerBytes,
  offersHeadBytesMax,
  offersMax,
  tagsMax,
} from "../wire/index.js";
import { Batch, checkBatch } from "./batch.js";
import { Executor } from "./executor.js";
import { implementationOf } from "./implementation.js";
import type { AnyHandler, FunctionRegistry, Implementations, RegisterOptions, Registration } from "./types.js";

export interface RegisteredFunction {
  readonly name: string;
  readonly handler: AnyHandler | Executor | Batch;
  readonly resources: readonly string[];
  /** What other nodes are told of it. */
  readonly offer: OfferRecord;
  /** Calls of it that may wait for their turn; `undefined` = the default. */
  readonly queueMax: number | undefined;
  readonly input: InputSchemas | undefined;
  readonly output: StandardSchema | undefined;
}

/** The node whose functions a table holds. */
export interface FunctionTableHost {
  readonly name: string;
  readonly semver: Semver;
  /** Resources that every function of the node has. */
  readonly resources: readonly string[];
  /** Longest message that it accepts. */
  readonly messageBytesMax: number;
  /** Throws when the node takes no more functions. */
  checkOpen(): void;
  registered(fun: RegisteredFunction): void;
  unregistered(name: string, version: string | undefined): void;
}

/** What other nodes accept, whatever this one's own limits are. */
const { nameBytesMax, resourcesMax } = defaultWireLimits;
const scopes: ReadonlySet<string> = new Set<OfferScope>(["node", "cluster", "federation"]);

/** The names of {@link RegisterOptions}. */
export const registerOptionNames: ReadonlySet<string> = optionNames<RegisterOptions>({
  resources: true,
  version: true,
  tags: true,
  scope: true,
  concurrencyMax: true,
  queueMax: true,
  batch: true,
  idempotent: true,
  input: true,
  output: true,
});

export class FunctionTable implements FunctionRegistry {
  readonly #host: FunctionTableHost;
  /** By name, then by version. */
  readonly #functions = new Map<string, Map<string | undefined, RegisteredFunction>>();
  #size = 0;
  /** What other nodes are told of all of them, in bytes. */
  #offersBytes = offersHeadBytesMax;

  constructor(host: FunctionTableHost) {
    this.#host = host;
  }

  get name(): string {
    return this.#host.name;
  }

  get(name: string, version?: string): RegisteredFunction | undefined {
    return this.#functions.get(name)?.get(version);
  }

  has(name: string): boolean {
    return this.#functions.has(name);
  }

  *values(): Generator<RegisteredFunction> {
    for (const versions of this.#functions.values()) yield* versions.values();
  }

  register(name: string, handler: AnyHandler | Executor, options: RegisterOptions = {}): Registration {
    const fun = this.#checked(name, handler, options);
    const { version } = fun.offer;
    const versions = this.#functions.get(name);
    if (versions === undefined) this.#functions.set(name, new Map([[version, fun]]));
    else versions.set(version, fun);
    this.#size += 1;
    this.#offersBytes += this.#toldBytes(fun);
    this.#host.registered(fun);
    const unregister = (): void => {
      if (this.get(name, version) === fun) this.#remove(fun); // (F1)
    };
    return { name, resources: fun.resources, unregister };
  }

  implement<C extends Contract>(contract: C, handlers: Implementations<C>): Registration[] {
    for (const name of Object.keys(handlers)) {
      if (Object.hasOwn(contract, name)) continue;
      throw invalid(`implement: the contract has no function "${name}"`);
    }
    this.#checkRoom(Object.keys(contract).length);
    let toldBytes = 0;
    const all = Object.entries(contract).map(([name, { input, output, resources, idempotent }]) => {
      // methods of a class will do, those of every object will not
      const given = Object.hasOwn(handlers, name) || !(name in Object.prototype);
      const entry: unknown = given ? handlers[name] : undefined;
      if (entry === undefined) throw invalid(`implement: the contract's function "${name}" has no handler`);
      const implementation = implementationOf(name, entry);
      const handler = implementation.handler as AnyHandler | Executor;
      const options = { ...implementation.options, input, output, resources, idempotent };
      const fun = this.#checked(name, handler, options, toldBytes); // (F2)
      toldBytes += this.#toldBytes(fun);
      return { name, handler, options };
    });
    return all.map(({ name, handler, options }) => this.register(name, handler, options));
  }

  unregister(name: string): boolean {
    const versions = this.#functions.get(name);
    if (versions === undefined) return false;
    for (const fun of [...versions.values()]) this.#remove(fun);
    return true;
  }

  #remove(fun: RegisteredFunction): void {
    const { name, offer } = fun;
    const versions = this.#functions.get(name);
    versions?.delete(offer.version);
    if (versions?.size === 0) this.#functions.delete(name);
    this.#size -= 1;
    this.#offersBytes -= this.#toldBytes(fun);
    this.#host.unregistered(name, offer.version);
    if (fun.handler instanceof Executor) fun.handler.retire();
  }

  /** What is about to be registered, with others of `withBytes`; throws what `register` throws. */
  #checked(name: string, handler: AnyHandler | Executor, options: RegisterOptions, withBytes = 0): RegisteredFunction {
    this.#host.checkOpen();
    this.#checkRoom(1);
    const fun = checkRegistration(name, handler, options, this.#host);
    const { version } = fun.offer;
    if (this.get(name, version) === undefined) return this.#checkBytes(fun, withBytes);
    const node = this.name;
    const which = version === undefined ? "" : ` and of version ${version}`;
    const message = `Cannot register "${name}": node "${node}" already has a function of that name${which}; unregister it first`;
    throw new MpregError("already-registered", message, { node });
  }

  /** (F3) */
  #checkBytes(fun: RegisteredFunction, withBytes: number): RegisteredFunction {
    const { name: node, messageBytesMax } = this.#host;
    const bytes = this.#offersBytes + withBytes + this.#toldBytes(fun);
    if (bytes <= messageBytesMax) return fun;
    const message = `Cannot register "${fun.name}": other nodes are told of the functions of "${node}" in one message, which would take ${bytes} bytes; the limit is ${messageBytesMax} (limits.messageBytesMax)`;
    throw new MpregError("too-large", message, { node });
  }

  #toldBytes({ offer }: RegisteredFunction): number {
    if (offer.scope === "node") return 0;
    return offerBytes({ ...offer, resources: [...new Set([...this.#host.resources, ...offer.resources])] });
  }

  /** (F3) */
  #checkRoom(more: number): void {
    if (this.#size + more <= offersMax) return;
    const message = `Cannot register ${more} more: a node may offer ${offersMax} functions, and "${this.name}" offers ${this.#size}`;
    throw new MpregError("too-large", message, { node: this.name });
  }
}

/** What every node offers. */
export function registerEchoes(registry: FunctionRegistry): void {
  registry.register("echo", (value: unknown) => value);
  registry.register("echos", (...values: unknown[]) => values);
}

function checkRegistration(
  name: unknown,
  handler: unknown,
  options: RegisterOptions,
  node: Pick<FunctionTableHost, "resources" | "semver">,
): RegisteredFunction {
  if (typeof name !== "string" || name === "" || utf8Length(name) > nameBytesMax) {
    throw invalid(`register: a function's name must be a text of 1 to ${nameBytesMax} bytes`);
  }
  if (isBuiltInName(name)) throw invalid(`register("${name}"): names that begin with "mpreg." belong to the nodes`);
  if (!isHandler(handler)) throw invalid(`register("${name}"): the handler must be a function`);
  const what = `register("${name}")`;
  if (typeof handler === "function" && Object(options) === options && "threads" in options) {
    throw invalid(
      `${what}: threads are for the URL of a module: register("${name}", new URL("./model.js", import.meta.url), { threads })`,
    );
  }
  checkOptions(options, registerOptionNames, "register", name);
  const resources = checkResources(options.resources ?? [], what);
  const count = new Set([...node.resources, ...resources]).size;
  if (count > resourcesMax) {
    throw invalid(`${what}: a function may have ${resourcesMax} resources, its node's included, got ${count}`);
  }
  const { input, output, queueMax } = options;
  if (queueMax !== undefined && !(Number.isSafeInteger(queueMax) && queueMax >= 0)) {
    throw invalid(`${what}: queueMax must be a whole number of at least 0, got ${String(queueMax)}`);
  }
  checkSchemas(input, output, what);
  const ownMax = handler instanceof Executor ? handler.concurrencyMax : undefined;
  const bounded = { ...options, concurrencyMax: options.concurrencyMax ?? ownMax };
  const offer = checkOffer(name, resources, bounded, what, node.semver);
  return { name, handler: batched(name, handler, options, what), resources, offer, queueMax, input, output };
}

/** What runs the calls: the handler, or what folds them together for it. */
function batched(
  name: string,
  handler: AnyHandler | Executor,
  { batch }: RegisterOptions,
  what: string,
): RegisteredFunction["handler"] {
  const terms = checkBatch(batch, what);
  if (terms === undefined) return handler;
  if (!(handler instanceof Executor)) return new Batch(name, handler, terms);
  throw invalid(`${what}: batch is for handlers that run in the node's own thread, not for those of \`threads\``);
}

function isHandler(handler: unknown): handler is AnyHandler | Executor {
  return typeof handler === "function" || handler instanceof Executor;
}

function checkOffer(
  fun: string,
  resources: readonly string[],
  { version, tags = [], scope = "cluster", concurrencyMax, idempotent = false }: RegisterOptions,
  what: string,
  semver: Semver,
): OfferRecord {
  const isText = (value: unknown): boolean =>
    typeof value === "string" && value !== "" && utf8Length(value) <= nameBytesMax;
  if (version !== undefined && !(isText(version) && semver.isVersion(version))) {
    const got = typeof version === "string" ? quoted(version) : typeof version;
    throw invalid(`${what}: version must be ${versionForm}, got ${got}`);
  }
  if (!Array.isArray(tags) || tags.length > tagsMax || !tags.every(isText)) {
    throw invalid(`${what}: tags must be an array of up to ${tagsMax} texts of 1 to ${nameBytesMax} bytes`);
  }
  if (!scopes.has(scope)) {
    throw invalid(`${what}: scope must be "node", "cluster" or "federation", got ${quoted(scope)}`);
  }
  if (concurrencyMax !== undefined && !(Number.isSafeInteger(concurrencyMax) && concurrencyMax > 0)) {
    throw invalid(`${what}: concurrencyMax must be a whole number above 0, got ${String(concurrencyMax)}`);
  }
  if (!isIdempotent(idempotent)) {
    throw invalid(`${what}: idempotent must be true, false or "with-key", got ${String(idempotent)}`);
  }
  return { fun, resources, version, tags: [...new Set(tags)], scope, concurrencyMax, idempotent: told(idempotent) };
}

/** As others are told. */
function told(idempotent: Idempotent): Idempotence {
  if (idempotent === "with-key") return idempotent;
  return idempotent ? "yes" : "no";
}

function checkSchemas(input: unknown, output: unknown, what: string): void {
  const inputs: readonly unknown[] = Array.isArray(input) ? input : input === undefined ? [] : [input];
  inputs.forEach((schema, index) => {
    checkSchema(schema, `${what}: input${Array.isArray(input) ? `[${index}]` : ""}`);
  });
  if (output !== undefined) checkSchema(output, `${what}: output`);
}

function checkSchema(schema: unknown, what: string): void {
  if (isSchema(schema)) return;
  const interfaces = "the Standard Schema interface (zod, valibot, arktype, …)";
  throw invalid(`${what} must be a schema with ${interfaces}, got ${typeof schema}`);
}

/** Resource names, each once. Throws `invalid-argument`, naming `what`. */
export function checkResources(resources: unknown, what: string): readonly string[] {
  const valid =
    Array.isArray(resources) &&
    resources.every((each) => typeof each === "string" && each !== "" && utf8Length(each) <= nameBytesMax);
  if (!valid) throw invalid(`${what}: resources must be an array of texts of 1 to ${nameBytesMax} bytes`);
  const names = [...new Set(resources as string[])];
  if (names.length <= resourcesMax) return names;
  throw invalid(`${what}: resources may hold ${resourcesMax} names, got ${names.length}`);
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}
