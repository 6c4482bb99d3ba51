import { ORIGINAL } from "../record/original_method.ts";

/** The methods of a console that say something. */
export type ConsoleMethod = "debug" | "log" | "info" | "warn" | "error" | "trace";

type Method = (...args: unknown[]) => unknown;

/** The function that the program called. */
export type Handled = Method;

/**
 * Gets a call of a method. `print` does what would have been done without this handler; `called` is
 * the function that the program called.
 */
export type Handler = (args: readonly unknown[], print: () => void, called: Handled) => void;

/** A method in the place of the console's own: calls the newest handler, or else the own one. */
interface Hooked extends Method {
  /** The console's own method. */
  readonly [ORIGINAL]: Method;
  /** The handlers, oldest first. */
  readonly [HANDLERS]: Handler[];
  /** How the property was before; nothing if the console inherited it. */
  readonly [BEFORE]: PropertyDescriptor | undefined;
}

const HANDLERS: unique symbol = Symbol("handlers");
const BEFORE: unique symbol = Symbol("before");

type Console = Partial<Record<ConsoleMethod, (...args: never[]) => unknown>>;

/**
 * Puts a handler in front of a method of a console. The answer takes it away; when it was the last one
 * the property is what it was. If somebody else has replaced the method since, it is left to them.
 */
export function hook(console: Console, method: ConsoleMethod, handler: Handler): () => void {
  const there = console[method] as Method | Hooked;
  const hooked = HANDLERS in there ? there : install(console, method, there);
  const handlers = hooked[HANDLERS];
  handlers.push(handler);
  return () => {
    const at = handlers.indexOf(handler);
    if (at >= 0) handlers.splice(at, 1);
    if (handlers.length === 0 && console[method] === hooked) restore(console, method, hooked);
  };
}

function install(console: Console, method: ConsoleMethod, original: Method): Hooked {
  const handlers: Handler[] = [];
  const call = (self: unknown, args: readonly unknown[], index: number): void => {
    const handler = handlers[index];
    if (handler === undefined) original.apply(self, [...args]);
    else handler(args, () => call(self, args, index - 1), hooked);
  };
  const before = Object.getOwnPropertyDescriptor(console, method);
  const hooked: Hooked = Object.assign(
    function (this: unknown, ...args: unknown[]): void {
      call(this, args, handlers.length - 1);
    },
    { [ORIGINAL]: original, [HANDLERS]: handlers, [BEFORE]: before },
  );
  Object.defineProperty(console, method, {
    value: hooked,
    writable: true,
    configurable: true,
    enumerable: before?.enumerable ?? true,
  });
  return hooked;
}

function restore(console: Console, method: ConsoleMethod, hooked: Hooked): void {
  const before = hooked[BEFORE];
  if (before === undefined) delete console[method];
  else Object.defineProperty(console, method, before);
}
